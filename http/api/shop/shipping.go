package shop

import (
	"context"
	"fmt"
	"net/http"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/checkout"
	"entrepot/grains/query"
	"entrepot/grains/shop/shipping"
	"entrepot/http/rest"
)

// shippingRoutes are those of a shop's rules.
func (s *shopAPI) shippingRoutes() []rest.Route {
	may := rest.Only(entrepot.SuperAdmin, entrepot.CompanyAdmin, entrepot.ShopManager)
	return []rest.Route{
		rest.Bind(rest.Route{
			ID: "get-shop-shipping", Method: http.MethodGet, Path: "/shops/{id}/shipping",
			Access: rest.Public, Summary: "Get shop shipping rules",
			Doc: "Returns the shop's own rules, or its company's. The ETag is of the shop's own.",
		}, s.getShipping),
		rest.Bind(rest.Route{
			ID: "set-shop-shipping", Method: http.MethodPut, Path: "/shops/{id}/shipping", Access: may,
			Summary: "Set shop shipping rules",
			Doc: "They replace the company's. Managers set those of their own shops. Placed orders keep their " +
				"cost.",
		}, SetShipping(s.Asker, s.ruled)),
		rest.Bind(rest.Route{
			ID: "remove-shop-shipping", Method: http.MethodDelete, Path: "/shops/{id}/shipping", Access: may,
			Status: http.StatusNoContent, Summary: "Remove shop shipping rules",
		}, RemoveShipping(s.Asker, s.ruled)),
	}
}

// ShippingBody are zones and what sending to them costs.
type ShippingBody struct {
	Currency string         `json:"currency" pattern:"^[A-Z]{3}$" patternDescription:"an ISO 4217 code" example:"EUR" doc:"of the prices, and of the goods that are sent"`
	Taxed    bool           `json:"taxed,omitempty" doc:"shipping is taxed at the company's rate; otherwise its prices are all that is paid"`
	Zones    []ShippingZone `json:"zones" minItems:"1" maxItems:"50" nullable:"false"`
}

// ShippingZone is some places and the methods offered there.
type ShippingZone struct {
	Name        string           `json:"name" minLength:"1" maxLength:"100" example:"Benelux"`
	Countries   []string         `json:"countries,omitempty" maxItems:"250" nullable:"false" doc:"ISO 3166-1 alpha-2; none: everywhere else" example:"[\"BE\",\"NL\",\"LU\"]"`
	PostalCodes []string         `json:"postalCodes,omitempty" maxItems:"1000" nullable:"false" doc:"prefixes; the longest matching prefix of all zones decides"`
	Methods     []ShippingMethod `json:"methods" minItems:"1" maxItems:"10" nullable:"false"`
}

// ShippingMethod is one way of sending and its price for one order of a shop.
type ShippingMethod struct {
	ID            string           `json:"id" minLength:"1" maxLength:"40" pattern:"^[a-z0-9_-]+$" patternDescription:"lower-case letters, digits, dashes" example:"standard"`
	Name          string           `json:"name" minLength:"1" maxLength:"100" example:"Standard, 2 days"`
	Price         entrepot.Amount  `json:"price"`
	SubtotalSteps []SubtotalStep   `json:"subtotalSteps,omitempty" maxItems:"20" nullable:"false" doc:"other prices by what the goods cost before discounts, ascending"`
	PieceSteps    []PieceStep      `json:"pieceSteps,omitempty" maxItems:"20" nullable:"false" doc:"other prices by the number of pieces, ascending; not with subtotalSteps"`
	FreeFrom      *entrepot.Amount `json:"freeFrom,omitempty" doc:"free from this subtotal on, before discounts"`
}

// SubtotalStep is another price from an amount of goods on.
type SubtotalStep struct {
	From  entrepot.Amount `json:"from"`
	Price entrepot.Amount `json:"price"`
}

// PieceStep is another price from a number of pieces on.
type PieceStep struct {
	From  int64           `json:"from" minimum:"1" maximum:"1000000000"`
	Price entrepot.Amount `json:"price"`
}

// ShippingView are the rules that hold.
type ShippingView struct {
	CompanyID entrepot.ID    `json:"companyId"`
	ShopID    entrepot.ID    `json:"shopId,omitempty"`
	Source    string         `json:"source" enum:"shop,company,none" doc:"owner of the rules; none: shipping is free"`
	Currency  string         `json:"currency,omitempty"`
	Taxed     bool           `json:"taxed"`
	Zones     []ShippingZone `json:"zones"`
	UpdatedAt rest.Time      `json:"updatedAt,omitzero"`
}

// amounts reads the body's amounts of money and keeps the first error.
type amounts struct {
	currency string
	err      error
}

func (a *amounts) minor(field string, of entrepot.Amount) int64 {
	if a.err != nil {
		return 0
	}
	m, err := entrepot.ParseMoney(field, string(of), a.currency)
	a.err = err
	return m.Minor
}

func (b *ShippingBody) rules() (*shipping.Rules, error) {
	out, a := &shipping.Rules{Currency: b.Currency, Taxed: b.Taxed}, &amounts{currency: b.Currency}
	if !entrepot.ValidCurrency(b.Currency) {
		return nil, entrepot.Invalid("currency", "currency", "must be an ISO 4217 code such as EUR")
	}
	for i := range b.Zones {
		z := &b.Zones[i]
		zone := shipping.Zone{Name: z.Name, Countries: z.Countries, PostalCodes: z.PostalCodes}
		for j := range z.Methods {
			zone.Methods = append(zone.Methods, z.Methods[j].method(a, fmt.Sprintf("zones[%d].methods[%d].", i, j)))
		}
		out.Zones = append(out.Zones, zone)
	}
	return out, a.err
}

func (m *ShippingMethod) method(a *amounts, at string) shipping.Method {
	out := shipping.Method{ID: m.ID, Name: m.Name, Price: a.minor(at+"price", m.Price)}
	if m.FreeFrom != nil {
		out.FreeFrom = a.minor(at+"freeFrom", *m.FreeFrom)
	}
	for i, s := range m.SubtotalSteps {
		in := fmt.Sprintf("%ssubtotalSteps[%d].", at, i)
		out.SubtotalSteps = append(out.SubtotalSteps, shipping.Step{From: a.minor(in+"from", s.From), Price: a.minor(in+"price", s.Price)})
	}
	for i, s := range m.PieceSteps {
		in := fmt.Sprintf("%spieceSteps[%d].", at, i)
		out.PieceSteps = append(out.PieceSteps, shipping.Step{From: s.From, Price: a.minor(in+"price", s.Price)})
	}
	return out
}

// ShippingOf is a set of rules as it is shown for a shop, or for a company.
func ShippingOf(v *shipping.Shipping, company, shop entrepot.ID) ShippingView {
	r := v.Rules
	out := ShippingView{CompanyID: company, ShopID: shop, Source: "none", Zones: []ShippingZone{}}
	if r == nil {
		return out
	}
	out.Source, out.Currency, out.Taxed, out.UpdatedAt = "company", r.Currency, r.Taxed, rest.Time(v.UpdatedAt)
	if v.ShopID != "" {
		out.Source = "shop"
	}
	for _, z := range r.Zones {
		zone := ShippingZone{Name: z.Name, Countries: z.Countries, PostalCodes: z.PostalCodes}
		for _, m := range z.Methods {
			zone.Methods = append(zone.Methods, shippingMethodOf(m, r.Currency))
		}
		out.Zones = append(out.Zones, zone)
	}
	return out
}

func shippingMethodOf(m shipping.Method, currency string) ShippingMethod {
	out := ShippingMethod{ID: m.ID, Name: m.Name, Price: rest.Amount(m.Price, currency)}
	if m.FreeFrom > 0 {
		free := rest.Amount(m.FreeFrom, currency)
		out.FreeFrom = &free
	}
	for _, s := range m.SubtotalSteps {
		out.SubtotalSteps = append(out.SubtotalSteps, SubtotalStep{rest.Amount(s.From, currency), rest.Amount(s.Price, currency)})
	}
	for _, s := range m.PieceSteps {
		out.PieceSteps = append(out.PieceSteps, PieceStep{s.From, rest.Amount(s.Price, currency)})
	}
	return out
}

type shippingInput struct {
	rest.IDPath
	rest.IfMatch
	Body ShippingBody
}

type shippingRemoval struct {
	rest.IDPath
	rest.IfMatch
}

func (s *shopAPI) getShipping(ctx context.Context, in *struct{ rest.IDPath }) (*rest.Answer[ShippingView], error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	shop, err := query.Shop(ctx, s.Asker, id)
	switch {
	case err != nil:
		return nil, err
	case !shop.IsActive && !entrepot.CallerFrom(ctx).MayReachCompany(shop.CompanyID):
		return nil, entrepot.ErrNotFound
	}
	v, own, err := checkout.EffectiveShipping(ctx, s.Asker, shop.CompanyID, id)
	if err != nil {
		return nil, err
	}
	return rest.AnswerAt(own.Version, ShippingOf(v, shop.CompanyID, id)), nil
}

// ruled is whose rules a route sets, if the caller may know of it: a shop's, or
// with no shop the company's.
type ruled func(ctx context.Context, p rest.IDPath) (company, shop entrepot.ID, err error)

func (s *shopAPI) ruled(ctx context.Context, p rest.IDPath) (company, shop entrepot.ID, err error) {
	id, err := p.EntityID()
	if err != nil {
		return "", "", err
	}
	found, err := query.Shop(ctx, s.Asker, id)
	if err != nil {
		return "", "", err
	}
	return found.CompanyID, id, nil
}

// SetShipping returns the handler that replaces the shipping rules of a shop or a company.
func SetShipping(a grains.Asker, whose ruled) func(context.Context, *shippingInput) (*rest.Answer[ShippingView], error) {
	return func(ctx context.Context, in *shippingInput) (*rest.Answer[ShippingView], error) {
		version, err := in.Version()
		if err != nil {
			return nil, err
		}
		rules, err := in.Body.rules()
		if err != nil {
			return nil, err
		}
		company, shop, err := whose(ctx, in.IDPath)
		if err != nil {
			return nil, err
		}
		v, err := checkout.AskShipping(ctx, a, company, shop, shipping.Set{CompanyID: company, ShopID: shop, ExpectedVersion: version, Rules: rules})
		if err != nil {
			return nil, err
		}
		return rest.AnswerAt(v.Version, ShippingOf(v, company, shop)), nil
	}
}

// RemoveShipping returns the handler that removes the shipping rules of a shop or a company.
func RemoveShipping(a grains.Asker, whose ruled) func(context.Context, *shippingRemoval) (*rest.NoContent, error) {
	return func(ctx context.Context, in *shippingRemoval) (*rest.NoContent, error) {
		version, err := in.Version()
		if err != nil {
			return nil, err
		}
		company, shop, err := whose(ctx, in.IDPath)
		if err != nil {
			return nil, err
		}
		_, err = checkout.AskShipping(ctx, a, company, shop, shipping.Remove{CompanyID: company, ShopID: shop, ExpectedVersion: version})
		return &rest.NoContent{}, err
	}
}
