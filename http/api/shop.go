package api

import (
	"context"
	"net/http"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/shop"
	"entrepot/grains/shop/shoppb"
	"entrepot/persistence"
)

// Shop is the shop service.
func Shop(d Deps) Routes {
	s := &shopAPI{d.withDefaults()}
	return Routes{"shops", []Route{
		route(Route{
			ID: "list-shops", Method: http.MethodGet, Path: "/shops", Access: Public, Summary: "List shops",
			Doc: "Staff see the shops they reach, everybody else the active ones.",
		}, s.list),
		route(Route{
			ID: "create-shop", Method: http.MethodPost, Path: "/shops", Access: Only(entrepot.SuperAdmin, entrepot.CompanyAdmin),
			Status: http.StatusCreated, Summary: "Create a shop",
		}, s.create),
		route(Route{ID: "get-shop", Method: http.MethodGet, Path: "/shops/{id}", Access: Public, Summary: "Read a shop"}, s.get),
	}}
}

type shopAPI struct{ Deps }

// ShopView is a shop as the API shows it; who works there is for its staff.
type ShopView struct {
	ID        entrepot.ID   `json:"id"`
	Name      string        `json:"name"`
	CompanyID entrepot.ID   `json:"companyId"`
	Location  ShopLocation  `json:"location"`
	ManagerID entrepot.ID   `json:"managerId,omitempty"`
	StaffIDs  []entrepot.ID `json:"staffIds,omitempty"`
	IsActive  bool          `json:"isActive"`
	CreatedAt Time          `json:"createdAt"`
	UpdatedAt Time          `json:"updatedAt"`
}

// ShopLocation is where a shop is.
type ShopLocation struct {
	Address string `json:"address,omitempty" maxLength:"200" example:"Am Kai 1"`
	City    string `json:"city,omitempty" maxLength:"100" example:"Hamburg"`
	Country string `json:"country,omitempty" maxLength:"100" example:"DE"`
}

func shopOf(s *shoppb.Shop) ShopView {
	return ShopView{
		ID: s.Id, Name: s.Name, CompanyID: s.CompanyId, ManagerID: s.ManagerId, StaffIDs: s.StaffIds,
		Location: ShopLocation{s.Address, s.City, s.Country},
		IsActive: s.IsActive, CreatedAt: Time(s.CreatedMs), UpdatedAt: Time(s.UpdatedMs),
	}
}

type shopListInput struct {
	ListParams
	CompanyID string `query:"companyId" pattern:"^[0-9a-f]{24}$" patternDescription:"an id of 24 hex digits"`
	City      string `query:"city" maxLength:"100"`
}

func (s *shopAPI) list(ctx context.Context, in *shopListInput) (*paged[ShopView], error) {
	q := persistence.Query{Desc: true, Limit: in.Limit, Cursor: in.Cursor}
	q.Where = where(where(nil, "companyId", in.CompanyID), "city", in.City)
	scope, view := entrepot.StaffScope(entrepot.CallerFrom(ctx)), (*shop.State).View
	if !isStaff(ctx) {
		scope, view = entrepot.AllTenants(), (*shop.State).Public
		q.Where = append(q.Where, persistence.Cond{Field: "isActive", Op: persistence.Eq, Value: true})
	}
	page, err := find(ctx, s.Stores.Shop, shop.Collection, scope, q,
		func(st *shop.State, _ *persistence.Document) ShopView { return shopOf(view(st)) })
	return &paged[ShopView]{page}, err
}

// isStaff reports whether the caller works for a company or the platform.
func isStaff(ctx context.Context) bool {
	switch entrepot.CallerFrom(ctx).Role {
	case "", entrepot.Customer:
		return false
	default:
		return true
	}
}

func (s *shopAPI) get(ctx context.Context, in *struct{ IDPath }) (*answer[ShopView], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	v, err := grains.Ask[*shoppb.Shop](ctx, s.Asker, shoppb.Kind, id, &shoppb.Get{})
	if err != nil {
		return nil, err
	}
	if !v.IsActive && !entrepot.CallerFrom(ctx).MayReachCompany(v.CompanyId) {
		return nil, entrepot.ErrNotFound
	}
	return answerOf(shopOf(v)), nil
}

type shopInput struct {
	Here
	Body struct {
		CompanyID string       `json:"companyId,omitempty" pattern:"^[0-9a-f]{24}$" patternDescription:"an id of 24 hex digits" doc:"for super admins; others create in their own company"`
		Name      string       `json:"name" minLength:"1" maxLength:"200" example:"Harbour shop"`
		Location  ShopLocation `json:"location,omitempty"`
		ManagerID string       `json:"managerId,omitempty" pattern:"^[0-9a-f]{24}$" patternDescription:"an id of 24 hex digits"`
		StaffIDs  []string     `json:"staffIds,omitempty" maxItems:"200"`
	}
}

func (s *shopAPI) create(ctx context.Context, in *shopInput) (*created[ShopView], error) {
	b := &in.Body
	company, err := companyFor(ctx, b.CompanyID)
	if err != nil {
		return nil, err
	}
	if err := checkIDs("staffIds", b.StaffIDs); err != nil {
		return nil, err
	}
	v, err := grains.Ask[*shoppb.Shop](ctx, s.Asker, shoppb.Kind, entrepot.NewID(), &shoppb.Create{
		CompanyId: company, Name: b.Name, Address: b.Location.Address, City: b.Location.City, Country: b.Location.Country,
		ManagerId: b.ManagerID, StaffIds: b.StaffIDs,
	})
	if err != nil {
		return nil, err
	}
	return &created[ShopView]{Location: in.below(v.Id), Body: shopOf(v)}, nil
}

// companyFor is the company that something is created in: the super admin names
// it, everybody else has one and may not name another.
func companyFor(ctx context.Context, named string) (entrepot.ID, error) {
	c := entrepot.CallerFrom(ctx)
	switch {
	case c.Role == entrepot.SuperAdmin && named == "":
		return "", entrepot.Invalid("companyId", "required", "must be given by a super admin")
	case c.Role == entrepot.SuperAdmin || named == c.CompanyID:
		return named, nil
	case named != "":
		return "", entrepot.Invalid("companyId", "privileged", "is the caller's own company and may not be another")
	default:
		return c.CompanyID, nil
	}
}

// checkIDs names the first of a list that is not an id.
func checkIDs(field string, ids []string) error {
	for i, id := range ids {
		if !entrepot.ValidID(id) {
			return entrepot.Invalid(indexed(field, i, ""), "format", "must be an id of 24 hex digits")
		}
	}
	return nil
}
