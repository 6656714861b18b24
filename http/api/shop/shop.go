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
			ID: "list-shops", Method: http.MethodGet, Path: "/shops", Access: rest.Public,
			Summary: "List shops",
			Doc: "Staff see the shops they have access to, others the active ones. With near, returns one " +
				"page with the nearest first, each with its distance.",
		}, s.list),
		rest.Bind(rest.Route{
			ID: "create-shop", Method: http.MethodPost, Path: "/shops", Access: admins,
			Status: http.StatusCreated, Keyed: true, Summary: "Create shop",
			Doc: "With staff, the response is sent once they are assigned; if that fails, the shop is not created.",
		}, s.create),
		rest.Bind(rest.Route{
			ID: "get-shop", Method: http.MethodGet, Path: "/shops/{id}", Access: rest.Public,
			Summary: "Get shop",
		}, s.get),
		rest.Bind(rest.Route{
			ID: "update-shop", Method: http.MethodPut, Path: "/shops/{id}", Access: admins, Summary: "Update shop",
			Doc: "Replaces all fields except staff: absent fields become empty.",
		}, s.update),
		rest.Bind(rest.Route{
			ID: "delete-shop", Method: http.MethodDelete, Path: "/shops/{id}", Access: admins,
			Status: http.StatusNoContent, Summary: "Delete shop",
			Doc: "It cannot be undone. Orders, payments and stock of the shop stay on record; the staff's " +
				"access tokens are withdrawn.",
		}, s.delete),
		rest.Bind(rest.Route{
			ID: "assign-shop-staff", Method: http.MethodPost, Path: "/shops/{id}/staff", Access: admins,
			Keyed: true, Summary: "Assign shop staff",
			Doc: "Assigns all users or none. A replaced manager leaves the shop unless listed in userIds. The " +
				"response is sent once outdated access tokens are withdrawn; a refresh returns current ones.",
		}, s.assign),
		rest.Bind(rest.Route{
			ID: "remove-shop-staff", Method: http.MethodDelete, Path: "/shops/{id}/staff/{userId}",
			Access: admins, Status: http.StatusNoContent, Summary: "Remove shop staff",
		}, s.dismiss),
		rest.Bind(rest.Route{
			ID: "get-shop-performance", Method: http.MethodGet, Path: "/shops/{id}/performance",
			Access: rest.Staff, Summary: "Get shop performance",
			Doc: "For the shop's staff and its company's admins. Days are in the shop's time zone. Every " +
				"event counts once, on the day it occurred, after a short delay.",
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

// ShopBody is a shop as a client describes it.
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
		CompanyID rest.ID  `json:"companyId,omitempty" doc:"for super admins; others create in their own company"`
		ManagerID rest.ID  `json:"managerId,omitempty"`
		StaffIDs  []string `json:"staffIds,omitempty" maxItems:"100"`
	}
}

func (s *shopAPI) create(ctx context.Context, in *shopInput) (*rest.Created[ShopView], error) {
	b := &in.Body
	company, err := rest.CompanyFor(ctx, string(b.CompanyID))
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
			CompanyID: company, Details: b.details(), ManagerID: string(b.ManagerID), StaffIDs: b.StaffIDs,
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
		ExpectedVersion: expected, Details: b.details(), IsActive: b.IsActive,
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
