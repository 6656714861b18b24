package shop

import (
	"context"
	"net/http"

	"entrepot"
	"entrepot/grains"
	companies "entrepot/grains/company/company"
	"entrepot/grains/quota"
	"entrepot/grains/shop/shop"
	"entrepot/http/rest"
	"entrepot/persistence"
)

// shopRoutes returns the shop service.
func shopRoutes(d Deps) rest.Routes {
	s := &shopAPI{d}
	admins := rest.Only(entrepot.SuperAdmin, entrepot.CompanyAdmin)
	return rest.Routes{Service: "shops", List: append([]rest.Route{
		rest.Bind(rest.Route{
			ID: "list-shops", Method: http.MethodGet, Path: "/shops", Access: rest.Public, Summary: "List shops, or find the nearest",
			Doc: "Staff see the shops they reach, everybody else the active ones. With near, the nearest come first, each with its distance; that list has one page.",
		}, s.list),
		rest.Bind(rest.Route{
			ID: "create-shop", Method: http.MethodPost, Path: "/shops", Access: admins,
			Status: http.StatusCreated, Keyed: true, Summary: "Create a shop",
			Doc: "With staff it is answered when they are assigned; a shop whose staff cannot be is not created.",
		}, s.create),
		rest.Bind(rest.Route{ID: "get-shop", Method: http.MethodGet, Path: "/shops/{id}", Access: rest.Public, Summary: "Read a shop"}, s.get),
		rest.Bind(rest.Route{
			ID: "update-shop", Method: http.MethodPut, Path: "/shops/{id}", Access: admins, Summary: "Change a shop",
			Doc: "Sets everything that a shop says of itself: what is left out is empty afterwards. Who works there stays.",
		}, s.update),
		rest.Bind(rest.Route{
			ID: "delete-shop", Method: http.MethodDelete, Path: "/shops/{id}", Access: admins, Status: http.StatusNoContent, Summary: "Delete a shop",
			Doc: "It cannot be undone. Orders, payments and stock of the shop stay on record; who worked there is told so, and their tokens are withdrawn.",
		}, s.delete),
		rest.Bind(rest.Route{
			ID: "assign-shop-staff", Method: http.MethodPost, Path: "/shops/{id}/staff", Access: admins, Keyed: true, Summary: "Assign staff to a shop",
			Doc: "All of it or nothing. A manager who is replaced does not work in the shop any more unless named among userIds. Answered when the access tokens that say otherwise are withdrawn; the users' next refresh tells the truth.",
		}, s.assign),
		rest.Bind(rest.Route{
			ID: "remove-shop-staff", Method: http.MethodDelete, Path: "/shops/{id}/staff/{userId}", Access: admins, Status: http.StatusNoContent, Summary: "Take a shop away from one who works there",
		}, s.dismiss),
		rest.Bind(rest.Route{
			ID: "get-shop-performance", Method: http.MethodGet, Path: "/shops/{id}/performance", Access: rest.Staff, Summary: "What a shop sold",
			Doc: "For who works in the shop and the admins above. Days are those of the shop's time zone. Every event counts once, on the day it occurred, and within moments of it.",
		}, s.performance),
	}, s.shippingRoutes()...)}
}

type shopAPI struct{ Deps }

func (s *shopAPI) get(ctx context.Context, in *struct{ rest.IDPath }) (*rest.Answer[ShopView], error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	v, err := grains.Ask(ctx, s.Asker, shop.Of(id), shop.Get{})
	if err != nil {
		return nil, err
	}
	if !v.IsActive && !entrepot.CallerFrom(ctx).MayReachCompany(v.CompanyID) {
		return nil, entrepot.ErrNotFound
	}
	return rest.AnswerAt(v.Version, s.view(v)), nil
}

// ShopBody is what a shop says of itself.
type ShopBody struct {
	Name        string            `json:"name" minLength:"1" maxLength:"200" example:"Harbour shop"`
	Location    rest.ShopLocation `json:"location,omitempty"`
	ContactInfo ShopContact       `json:"contactInfo,omitempty"`
	ShopHours
}

// shops are what a plan limits: those that are not deleted.
var shops = quota.Resource{Name: companies.Shops, In: shop.Collection, Where: []persistence.Cond{{Field: "deletedAt", Op: persistence.Eq}}}

type shopInput struct {
	rest.Here
	rest.KeyHeader
	RawBody []byte
	Body    struct {
		ShopBody
		CompanyID string   `json:"companyId,omitempty" pattern:"^[0-9a-f]{24}$" patternDescription:"an id of 24 hex digits" doc:"for super admins; others create in their own company"`
		ManagerID string   `json:"managerId,omitempty" pattern:"^[0-9a-f]{24}$" patternDescription:"an id of 24 hex digits"`
		StaffIDs  []string `json:"staffIds,omitempty" maxItems:"100"`
	}
}

func (s *shopAPI) create(ctx context.Context, in *shopInput) (*rest.Created[ShopView], error) {
	b := &in.Body
	company, err := rest.CompanyFor(ctx, b.CompanyID)
	if err != nil {
		return nil, err
	}
	if err := rest.CheckIDs("staffIds", b.StaffIDs); err != nil {
		return nil, err
	}
	var r grains.Result[*shop.Shop]
	id := in.NewID(ctx, "shop")
	err = quota.Within(ctx, s.Asker, s.Store, shops, company, id, func() (err error) {
		r, err = grains.Call(ctx, s.Asker, shop.Of(id), shop.Create{
			CompanyID: company, Name: b.Name,
			Address: b.Location.Address, City: b.Location.City, State: b.Location.State, Country: b.Location.Country,
			Point: pointOf(&b.Location), Contact: b.ContactInfo.proto(), Hours: b.proto(),
			ManagerID: b.ManagerID, StaffIDs: b.StaffIDs,
		}, in.Keyed(ctx, "create-shop", in.RawBody)...)
		return err
	})
	if err != nil {
		return nil, err
	}
	v := r.Reply
	rest.RefreshStanding(ctx, s.Standing)
	return &rest.Created[ShopView]{Replay: rest.ReplayOf(r.Replayed), Versioned: rest.ETagOf(v.Version), Location: in.Below(v.ID), Body: s.view(v)}, nil
}

type updateShopInput struct {
	rest.IDPath
	rest.IfMatch
	Body struct {
		ShopBody
		IsActive bool `json:"isActive" doc:"false: only staff see the shop"`
	}
}

func (s *shopAPI) update(ctx context.Context, in *updateShopInput) (*rest.Answer[ShopView], error) {
	id, expected, err := in.Target(in.IDPath)
	if err != nil {
		return nil, err
	}
	b := &in.Body
	v, err := grains.Ask(ctx, s.Asker, shop.Of(id), shop.Update{
		ExpectedVersion: expected, Name: b.Name, IsActive: b.IsActive,
		Address: b.Location.Address, City: b.Location.City, State: b.Location.State, Country: b.Location.Country,
		Point: pointOf(&b.Location), Contact: b.ContactInfo.proto(), Hours: b.proto(),
	})
	if err != nil {
		return nil, err
	}
	return rest.AnswerAt(v.Version, s.view(v)), nil
}

type deleteShopInput struct {
	rest.IDPath
	rest.IfMatch
}

func (s *shopAPI) delete(ctx context.Context, in *deleteShopInput) (*rest.NoContent, error) {
	id, expected, err := in.Target(in.IDPath)
	if err != nil {
		return nil, err
	}
	if _, err = grains.Ask(ctx, s.Asker, shop.Of(id), shop.Delete{ExpectedVersion: expected}); err != nil {
		return nil, err
	}
	rest.RefreshStanding(ctx, s.Standing)
	return nil, nil
}
