package api

import (
	"context"
	"net/http"

	"entrepot"
	"entrepot/grains"
	companies "entrepot/grains/company"
	"entrepot/grains/shop"
	"entrepot/grains/shop/shoppb"
	"entrepot/persistence"
)

// Shop is the shop service.
func Shop(d Deps) Routes {
	s := &shopAPI{d.withDefaults()}
	admins := Only(entrepot.SuperAdmin, entrepot.CompanyAdmin)
	return Routes{"shops", append([]Route{
		route(Route{
			ID: "list-shops", Method: http.MethodGet, Path: "/shops", Access: Public, Summary: "List shops, or find the nearest",
			Doc: "Staff see the shops they reach, everybody else the active ones. With near, the nearest come first, each with its distance; that list has one page.",
		}, s.list),
		route(Route{
			ID: "create-shop", Method: http.MethodPost, Path: "/shops", Access: admins,
			Status: http.StatusCreated, Keyed: true, Summary: "Create a shop",
			Doc: "With staff it is answered when they are assigned; a shop whose staff cannot be is not created.",
		}, s.create),
		route(Route{ID: "get-shop", Method: http.MethodGet, Path: "/shops/{id}", Access: Public, Summary: "Read a shop"}, s.get),
		route(Route{
			ID: "update-shop", Method: http.MethodPut, Path: "/shops/{id}", Access: admins, Summary: "Change a shop",
			Doc: "Sets everything that a shop says of itself: what is left out is empty afterwards. Who works there stays.",
		}, s.update),
		route(Route{
			ID: "delete-shop", Method: http.MethodDelete, Path: "/shops/{id}", Access: admins, Status: http.StatusNoContent, Summary: "Delete a shop",
			Doc: "It cannot be undone. Orders, payments and stock of the shop stay on record; who worked there is told so, and their tokens are withdrawn.",
		}, s.delete),
		route(Route{
			ID: "assign-shop-staff", Method: http.MethodPost, Path: "/shops/{id}/staff", Access: admins, Keyed: true, Summary: "Assign staff to a shop",
			Doc: "All of it or nothing. A manager who is replaced does not work in the shop any more unless named among userIds. Answered when the access tokens that say otherwise are withdrawn; the users' next refresh tells the truth.",
		}, s.assign),
		route(Route{
			ID: "remove-shop-staff", Method: http.MethodDelete, Path: "/shops/{id}/staff/{userId}", Access: admins, Status: http.StatusNoContent, Summary: "Take a shop away from one who works there",
		}, s.dismiss),
		route(Route{
			ID: "get-shop-performance", Method: http.MethodGet, Path: "/shops/{id}/performance", Access: Staff, Summary: "What a shop sold",
			Doc: "For who works in the shop and the admins above. Days are those of the shop's time zone. Every event counts once, on the day it occurred, and within moments of it.",
		}, s.performance),
	}, s.shippingRoutes()...)}
}

type shopAPI struct{ Deps }

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
	return answerAt(v.Version, s.view(v)), nil
}

// ShopBody is what a shop says of itself.
type ShopBody struct {
	Name        string       `json:"name" minLength:"1" maxLength:"200" example:"Harbour shop"`
	Location    ShopLocation `json:"location,omitempty"`
	ContactInfo ShopContact  `json:"contactInfo,omitempty"`
	ShopHours
}

// shops are what a plan limits: those that are not deleted.
var shops = resource{companies.Shops, shop.Collection, []persistence.Cond{{Field: "deletedAt", Op: persistence.Eq}}}

type shopInput struct {
	Here
	KeyHeader
	RawBody []byte
	Body    struct {
		ShopBody
		CompanyID string   `json:"companyId,omitempty" pattern:"^[0-9a-f]{24}$" patternDescription:"an id of 24 hex digits" doc:"for super admins; others create in their own company"`
		ManagerID string   `json:"managerId,omitempty" pattern:"^[0-9a-f]{24}$" patternDescription:"an id of 24 hex digits"`
		StaffIDs  []string `json:"staffIds,omitempty" maxItems:"100"`
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
	keyed, replayed := in.command(ctx, "create-shop", in.RawBody)
	var v *shoppb.Shop
	id := in.newID(ctx, "shop")
	err = s.withinPlan(ctx, s.Stores.Shop, shops, company, id, func() (err error) {
		v, err = grains.Ask[*shoppb.Shop](keyed, s.Asker, shoppb.Kind, id, &shoppb.Create{
			CompanyId: company, Name: b.Name,
			Address: b.Location.Address, City: b.Location.City, State: b.Location.State, Country: b.Location.Country,
			Point: b.Location.point(), Contact: b.ContactInfo.proto(), Hours: b.proto(),
			ManagerId: b.ManagerID, StaffIds: b.StaffIDs,
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	s.withdrawn(ctx)
	return &created[ShopView]{Replay: replay(replayed), Versioned: versioned(v.Version), Location: in.below(v.Id), Body: s.view(v)}, nil
}

type updateShopInput struct {
	IDPath
	IfMatch
	Body struct {
		ShopBody
		IsActive bool `json:"isActive" doc:"false: only staff see the shop"`
	}
}

func (s *shopAPI) update(ctx context.Context, in *updateShopInput) (*answer[ShopView], error) {
	id, expected, err := in.at(in.IDPath)
	if err != nil {
		return nil, err
	}
	b := &in.Body
	v, err := grains.Ask[*shoppb.Shop](ctx, s.Asker, shoppb.Kind, id, &shoppb.Update{
		ExpectedVersion: expected, Name: b.Name, IsActive: b.IsActive,
		Address: b.Location.Address, City: b.Location.City, State: b.Location.State, Country: b.Location.Country,
		Point: b.Location.point(), Contact: b.ContactInfo.proto(), Hours: b.proto(),
	})
	if err != nil {
		return nil, err
	}
	return answerAt(v.Version, s.view(v)), nil
}

type deleteShopInput struct {
	IDPath
	IfMatch
}

func (s *shopAPI) delete(ctx context.Context, in *deleteShopInput) (*nothing, error) {
	id, expected, err := in.at(in.IDPath)
	if err != nil {
		return nil, err
	}
	if _, err = s.Asker.Ask(ctx, shoppb.Kind, id, &shoppb.Delete{ExpectedVersion: expected}); err != nil {
		return nil, err
	}
	s.withdrawn(ctx)
	return nil, nil
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
