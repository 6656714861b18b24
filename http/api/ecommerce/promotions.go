package ecommerce

import (
	"context"
	"net/http"
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/ecommerce/promotion"
	"entrepot/grains/query"
	"entrepot/http/api/ecommerce/form"
	"entrepot/http/rest"
	"entrepot/persistence"
)

// promotionRoutes returns the promo codes of companies, of the e-commerce service.
func promotionRoutes(d Deps) rest.Routes {
	s := &promotionAPI{d}
	may := rest.Only(entrepot.SuperAdmin, entrepot.CompanyAdmin, entrepot.ShopManager)
	return rest.Routes{Service: "promotions", List: []rest.Route{
		rest.Bind(rest.Route{
			ID: "create-promotion", Method: http.MethodPost, Keyed: true, Path: "/cart/promotions",
			Access: may, Status: http.StatusCreated, Summary: "Create promo code",
			Doc: "Managers create codes for their own shops.",
		}, s.create),
		rest.Bind(rest.Route{
			ID: "list-promotions", Method: http.MethodGet, Path: "/cart/promotions", Access: rest.Staff,
			Summary: "List promo codes",
			Doc:     "Newest first. A page may hold fewer than limit items while nextCursor is set.",
		}, s.list),
		rest.Bind(rest.Route{
			ID: "get-promotion", Method: http.MethodGet, Path: "/cart/promotions/{id}", Access: rest.Staff,
			Summary: "Get promo code",
		}, s.get),
		rest.Bind(rest.Route{
			ID: "update-promotion", Method: http.MethodPut, Path: "/cart/promotions/{id}", Access: may,
			Summary: "Update promo code",
			Doc:     "Placed orders keep their discount. The count of uses stays.",
		}, s.update),
		rest.Bind(rest.Route{
			ID: "delete-promotion", Method: http.MethodDelete, Path: "/cart/promotions/{id}", Access: may,
			Status: http.StatusNoContent, Summary: "Delete promo code",
		}, s.remove),
	}}
}

type promotionAPI struct{ Deps }

// PromotionTerms are what a code gives, for what, and how often.
type PromotionTerms struct {
	Title           string           `json:"title,omitempty" maxLength:"200" example:"Ten percent off tea"`
	Type            string           `json:"type" enum:"amount,percent,free_shipping"`
	Amount          *entrepot.Amount `json:"amount,omitempty" doc:"of type amount: off the goods"`
	Percent         int64            `json:"percent,omitempty" minimum:"1" maximum:"100" doc:"of type percent: off the goods"`
	Currency        string           `json:"currency,omitempty" pattern:"^[A-Z]{3}$" patternDescription:"an ISO 4217 code" example:"EUR" doc:"of amount and minimumSubtotal"`
	ProductIDs      []string         `json:"productIds,omitempty" maxItems:"200" nullable:"false" doc:"for these; with categories, for either; none of both: for all goods"`
	Categories      []string         `json:"categories,omitempty" maxItems:"200" nullable:"false" doc:"slugs; what is below a category is in it"`
	ShopIDs         []string         `json:"shopIds,omitempty" maxItems:"200" nullable:"false" doc:"default: all shops of the company"`
	MinimumSubtotal *entrepot.Amount `json:"minimumSubtotal,omitempty" doc:"of the goods that it is for"`
	StartsAt        *time.Time       `json:"startsAt,omitempty"`
	EndsAt          *time.Time       `json:"endsAt,omitempty"`
	PerCustomer     int64            `json:"perCustomer,omitempty" minimum:"0" maximum:"1000000000" doc:"how often one customer may use it; 0: any number"`
	Total           int64            `json:"total,omitempty" minimum:"0" maximum:"1000000000" doc:"how often it may be used; 0: any number"`
	Paused          bool             `json:"paused,omitempty"`
	FirstOrder      bool             `json:"firstOrder,omitempty" doc:"for a customer's first order with the company only"`
}

// PromotionView is a promo code as the API shows it.
type PromotionView struct {
	ID        entrepot.ID `json:"id"`
	CompanyID entrepot.ID `json:"companyId"`
	Code      string      `json:"code"`
	PromotionTerms
	Status    string    `json:"status"`
	Used      int64     `json:"used" doc:"by orders that were paid"`
	Claimed   int64     `json:"claimed" doc:"by orders that wait for their payment"`
	CreatedAt rest.Time `json:"createdAt"`
	UpdatedAt rest.Time `json:"updatedAt"`
}

func (b *PromotionTerms) terms() (promotion.Terms, error) {
	out := promotion.Terms{
		Title: b.Title, Kind: b.Type, Percent: b.Percent, Currency: b.Currency, ProductIDs: b.ProductIDs, Categories: b.Categories, ShopIDs: b.ShopIDs,
		PerCustomer: b.PerCustomer, Total: b.Total, Paused: b.Paused, FirstOrder: b.FirstOrder, StartsAt: momentMs(b.StartsAt), EndsAt: momentMs(b.EndsAt),
	}
	for field, ids := range map[string][]string{"productIds": b.ProductIDs, "shopIds": b.ShopIDs} {
		if err := rest.CheckIDs(field, ids); err != nil {
			return promotion.Terms{}, err
		}
	}
	if err := form.CheckWords("categories", b.Categories); err != nil {
		return promotion.Terms{}, err
	}
	for field, a := range map[string]struct {
		from *entrepot.Amount
		to   *int64
	}{"amount": {b.Amount, &out.Amount}, "minimumSubtotal": {b.MinimumSubtotal, &out.Minimum}} {
		if a.from == nil {
			continue
		}
		if b.Currency == "" {
			return promotion.Terms{}, entrepot.Invalid("currency", "required", "must be given with an amount")
		}
		m, err := entrepot.ParseMoney(field, string(*a.from), b.Currency)
		if err != nil {
			return promotion.Terms{}, err
		}
		*a.to = m.Minor
	}
	return out, nil
}

func momentMs(at *time.Time) int64 {
	if at == nil {
		return 0
	}
	return at.UnixMilli()
}

func momentOf(ms int64) *time.Time {
	if ms == 0 {
		return nil
	}
	at := time.UnixMilli(ms).UTC()
	return &at
}

func promotionOf(p *promotion.Promotion) PromotionView {
	x := p.Terms
	v := PromotionView{
		ID: p.ID, CompanyID: p.CompanyID, Code: p.Code, Status: p.Status, Used: p.Used, Claimed: p.Claimed,
		CreatedAt: rest.Time(p.CreatedAt), UpdatedAt: rest.Time(p.UpdatedAt),
		PromotionTerms: PromotionTerms{
			Title: x.Title, Type: x.Kind, Percent: x.Percent, Currency: x.Currency, ProductIDs: x.ProductIDs, Categories: x.Categories, ShopIDs: x.ShopIDs,
			PerCustomer: x.PerCustomer, Total: x.Total, Paused: x.Paused, FirstOrder: x.FirstOrder, StartsAt: momentOf(x.StartsAt), EndsAt: momentOf(x.EndsAt),
		},
	}
	if x.Kind == promotion.Amount {
		a := rest.Amount(x.Amount, x.Currency)
		v.Amount = &a
	}
	if x.Minimum > 0 {
		a := rest.Amount(x.Minimum, x.Currency)
		v.MinimumSubtotal = &a
	}
	return v
}

func (s *promotionAPI) ask(ctx context.Context, id entrepot.ID, cmd grains.Message[*promotion.Promotion]) (*promotion.Promotion, error) {
	return grains.Ask(ctx, s.Asker, promotion.Of(id), cmd)
}

type promotionCreateInput struct {
	rest.Here
	rest.KeyHeader
	RawBody []byte
	Body    struct {
		CompanyID rest.ID `json:"companyId,omitempty" doc:"for super admins; others create in their own company"`
		Code      string  `json:"code" minLength:"3" maxLength:"40" pattern:"^[A-Za-z0-9_-]+$" patternDescription:"letters, digits, dashes" example:"WELCOME10" doc:"case-insensitive"`
		PromotionTerms
	}
}

func (s *promotionAPI) create(ctx context.Context, in *promotionCreateInput) (*rest.Created[PromotionView], error) {
	company, err := rest.CompanyFor(ctx, string(in.Body.CompanyID))
	if err != nil {
		return nil, err
	}
	terms, err := in.Body.terms()
	if err != nil {
		return nil, err
	}
	if err := rest.CheckShops(ctx, s.Asker, "shopIds", company, terms.ShopIDs); err != nil {
		return nil, err
	}
	code := promotion.Code(in.Body.Code)
	r, err := grains.Call(ctx, s.Asker, promotion.Of(promotion.ID(company, code)), promotion.Create{CompanyID: company, Code: code, Terms: terms}, in.Keyed(ctx, "create-promotion", in.RawBody)...)
	p := r.Reply
	if err != nil {
		return nil, err
	}
	return &rest.Created[PromotionView]{Replay: rest.ReplayOf(r.Replayed), Versioned: rest.ETagOf(p.Version), Location: in.Below(p.ID), Body: promotionOf(p)}, nil
}

type promotionListInput struct {
	rest.ListParams
	rest.CompanyFilter
	Status string `query:"status" enum:"active,paused" doc:"default: both"`
}

// list returns the company's codes that the caller may see. Managers and staff see codes of all shops
// and of their own shops; no index separates these, so other codes are filtered out of the page.
func (s *promotionAPI) list(ctx context.Context, in *promotionListInput) (*rest.List[PromotionView], error) {
	c := entrepot.CallerFrom(ctx)
	scope := entrepot.InCompany(c.CompanyID)
	if c.Role == entrepot.SuperAdmin {
		scope = entrepot.AllTenants()
	}
	wanted := []any{promotion.Active, promotion.Paused}
	if in.Status != "" {
		wanted = []any{in.Status}
	}
	q := persistence.Query{
		Where: query.Where([]persistence.Cond{{Field: "status", Op: persistence.In, Values: wanted}}, persistence.CompanyID, in.CompanyID),
		Sort:  persistence.CreatedAt, Desc: true, Limit: in.Limit, Cursor: in.Cursor,
	}
	view := func(p *promotion.Stored, _ *persistence.Document) *PromotionView {
		if !p.VisibleTo(c) {
			return nil
		}
		v := promotionOf(&p.Promotion)
		return &v
	}
	page, err := query.Find(ctx, s.Store, promotion.Collection, scope, q, view)
	out := &rest.List[PromotionView]{Body: entrepot.Page[PromotionView]{Items: []PromotionView{}, NextCursor: page.NextCursor}}
	for _, v := range page.Items {
		if v != nil {
			out.Body.Items = append(out.Body.Items, *v)
		}
	}
	return out, err
}

func (s *promotionAPI) get(ctx context.Context, in *struct{ rest.IDPath }) (*rest.Answer[PromotionView], error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	p, err := s.ask(ctx, id, promotion.Get{})
	if err != nil {
		return nil, err
	}
	return rest.AnswerAt(p.Version, promotionOf(p)), nil
}

type promotionUpdateInput struct {
	rest.IDPath
	rest.IfMatch
	Body PromotionTerms
}

func (s *promotionAPI) update(ctx context.Context, in *promotionUpdateInput) (*rest.Answer[PromotionView], error) {
	id, version, err := in.Target(in.IDPath)
	if err != nil {
		return nil, err
	}
	terms, err := in.Body.terms()
	if err != nil {
		return nil, err
	}
	p, err := s.ask(ctx, id, promotion.Get{})
	if err != nil {
		return nil, err
	}
	if err := rest.CheckShops(ctx, s.Asker, "shopIds", p.CompanyID, terms.ShopIDs); err != nil {
		return nil, err
	}
	if p, err = s.ask(ctx, id, promotion.Update{ExpectedVersion: version, Terms: terms}); err != nil {
		return nil, err
	}
	return rest.AnswerAt(p.Version, promotionOf(p)), nil
}

type promotionDeleteInput struct {
	rest.IDPath
	rest.IfMatch
}

func (s *promotionAPI) remove(ctx context.Context, in *promotionDeleteInput) (*rest.NoContent, error) {
	id, version, err := in.Target(in.IDPath)
	if err != nil {
		return nil, err
	}
	_, err = s.ask(ctx, id, promotion.Delete{ExpectedVersion: version})
	return &rest.NoContent{}, err
}
