package api

import (
	"context"
	"net/http"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/product/productpb"
	"entrepot/grains/warehouse/warehousepb"
	"entrepot/persistence"
)

// Logistics is the half of the inventory service that moves goods between
// locations and buys them: warehouses, sourcing.
func Logistics(d Deps) Routes {
	s := &logisticsAPI{d.withDefaults()}
	admins := Only(entrepot.CompanyAdmin)
	return Routes{"inventory", []Route{
		route(Route{
			ID: "list-warehouses", Method: http.MethodGet, Path: "/inventory/warehouses", Access: Staff, Summary: "List warehouses",
			Doc: "Admins see all of the company, managers and staff those that serve their shops. A page may hold fewer than limit while there is a next one.",
		}, s.listWarehouses),
		route(Route{ID: "create-warehouse", Method: http.MethodPost, Keyed: true, Path: "/inventory/warehouses", Access: admins, Status: http.StatusCreated, Summary: "Create a warehouse"}, s.createWarehouse),
		route(Route{ID: "get-warehouse", Method: http.MethodGet, Path: "/inventory/warehouses/{id}", Access: Staff, Summary: "Read a warehouse"}, s.getWarehouse),
		route(Route{
			ID: "update-warehouse", Method: http.MethodPut, Path: "/inventory/warehouses/{id}", Access: admins, Summary: "Change a warehouse",
			Doc: "Sets everything that a warehouse says of itself. Answered when the shops it serves are sourced accordingly.",
		}, s.updateWarehouse),
		route(Route{
			ID: "delete-warehouse", Method: http.MethodDelete, Path: "/inventory/warehouses/{id}", Access: admins, Status: http.StatusNoContent, Summary: "Delete a warehouse",
			Doc: "It serves nobody from then on and its code is free. What lies there stays on record.",
		}, s.deleteWarehouse),
		route(Route{ID: "get-sourcing", Method: http.MethodGet, Path: "/inventory/sourcing/{shopId}", Access: Staff, Summary: "Where a shop's orders may be sent from, in order"}, s.getSourcing),
		route(Route{ID: "set-sourcing", Method: http.MethodPut, Path: "/inventory/sourcing/{shopId}", Access: admins, Summary: "Set how a shop's orders choose among its locations"}, s.setSourcing),
	}}
}

type logisticsAPI struct{ Deps }

// Location is where stock lies: a shop or a warehouse.
type Location struct {
	ID, CompanyID entrepot.ID
	Kind          string // LocationShop or LocationWarehouse
}

// The kinds of locations.
const (
	LocationShop      = "shop"
	LocationWarehouse = "warehouse"
)

// locate finds the location that a field names, among those of companies that
// the caller may reach. Whether the caller may move stock there is
// MayReachShop(l.CompanyID, l.ID): staff run their shops, admins warehouses too.
func locate(ctx context.Context, a grains.Asker, field string, id entrepot.ID) (Location, error) {
	caller := entrepot.CallerFrom(ctx)
	// Also a warehouse that the caller may not read: goods may be sent to it.
	platform := entrepot.WithCaller(ctx, entrepot.SystemCaller("locate"))
	w, err := grains.Ask[*warehousepb.Warehouse](platform, a, warehousepb.Kind, id, &warehousepb.Get{})
	if err == nil && caller.MayReachCompany(w.CompanyId) {
		return Location{id, w.CompanyId, LocationWarehouse}, nil
	}
	if err != nil && entrepot.CodeOf(err) != entrepot.CodeNotFound {
		return Location{}, err
	}
	shop, err := askShop(ctx, a, id)
	switch {
	case entrepot.CodeOf(err) == entrepot.CodeNotFound, err == nil && !caller.MayReachCompany(shop.CompanyId):
		return Location{}, missing(field, "no such location")
	case err != nil:
		return Location{}, err
	default:
		return Location{id, shop.CompanyId, LocationShop}, nil
	}
}

// locateOwn finds a location where the caller may move stock.
func locateOwn(ctx context.Context, a grains.Asker, field string, id entrepot.ID) (Location, error) {
	l, err := locate(ctx, a, field, id)
	if err == nil && !entrepot.CallerFrom(ctx).MayReachShop(l.CompanyID, l.ID) {
		return Location{}, missing(field, "no such location")
	}
	return l, err
}

// goodsOf finds the variant of a company's product that list[i] names, whether
// it is being sold or not: what lies somewhere can be moved and counted.
func goodsOf(ctx context.Context, a grains.Asker, company entrepot.ID, list string, i int, productID, variantID entrepot.ID) (*productpb.Variant, error) {
	p, err := askProduct(ctx, a, productID)
	if entrepot.CodeOf(err) == entrepot.CodeNotFound || (err == nil && p.CompanyId != company) {
		return nil, missing(indexed(list, i, "productId"), "no such product")
	}
	if err != nil {
		return nil, err
	}
	if len(p.Variants) > 0 && variantID == "" {
		return nil, entrepot.Invalid(indexed(list, i, "variantId"), "required", "the product has variants: one must be named")
	}
	for _, v := range p.Variants {
		if v.Id == variantID {
			return v, nil
		}
	}
	if v, ok := p.Sellable(variantID); ok && len(p.Variants) == 0 {
		return v, nil
	}
	return nil, missing(indexed(list, i, "variantId"), "no such variant")
}

// companyScope is the documents of the caller's company, for what belongs to
// the company and to no one shop of it.
func companyScope(ctx context.Context) entrepot.Scope {
	c := entrepot.CallerFrom(ctx)
	switch c.Role {
	case entrepot.ShopManager, entrepot.ShopStaff:
		return entrepot.InCompany(c.CompanyID)
	default:
		return entrepot.StaffScope(c)
	}
}

// seen answers a page of a company's documents, less those that the caller does
// not see; it may so hold fewer than its limit while there is a next one.
func seen[S, V any](ctx context.Context, r Reader, c *persistence.Collection, q persistence.Query, see func(*S, entrepot.Caller) bool, view func(*S) V) (*paged[V], error) {
	caller := entrepot.CallerFrom(ctx)
	all, err := find(ctx, r, c, companyScope(ctx), q, func(s *S, _ *persistence.Document) *S { return s })
	page := entrepot.Page[V]{Items: []V{}, NextCursor: all.NextCursor}
	for _, s := range all.Items {
		if see(s, caller) {
			page.Items = append(page.Items, view(s))
		}
	}
	return &paged[V]{page}, err
}
