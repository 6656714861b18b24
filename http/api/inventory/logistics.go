package inventory

import (
	"context"
	"net/http"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/ecommerce/product"
	"entrepot/grains/inventory/warehouse"
	"entrepot/grains/query"
	"entrepot/http/rest"
)

// logisticsRoutes returns the half of the inventory service that moves goods between
// locations and buys them: warehouses,
// sourcing, transfers, stocktakes, suppliers, purchase orders.
func logisticsRoutes(d Deps) rest.Routes {
	s := &logisticsAPI{d}
	admins, write := rest.Only(entrepot.CompanyAdmin), rest.Only(entrepot.CompanyAdmin, entrepot.ShopManager)
	buyers := rest.Only(entrepot.SuperAdmin, entrepot.CompanyAdmin, entrepot.ShopManager)
	return rest.Routes{Service: "inventory", List: []rest.Route{
		rest.Bind(rest.Route{
			ID: "list-warehouses", Method: http.MethodGet, Path: "/inventory/warehouses", Access: rest.Staff,
			Summary: "List warehouses",
			Doc: "Admins see all of the company, managers and staff those that serve their shops. A page may " +
				"hold fewer than limit items while nextCursor is set.",
		}, s.listWarehouses),
		rest.Bind(rest.Route{
			ID: "create-warehouse", Method: http.MethodPost, Keyed: true, Path: "/inventory/warehouses",
			Access: admins, Status: http.StatusCreated, Summary: "Create warehouse",
		}, s.createWarehouse),
		rest.Bind(rest.Route{
			ID: "get-warehouse", Method: http.MethodGet, Path: "/inventory/warehouses/{id}",
			Access: rest.Staff, Summary: "Get warehouse",
		}, s.getWarehouse),
		rest.Bind(rest.Route{
			ID: "update-warehouse", Method: http.MethodPut, Path: "/inventory/warehouses/{id}",
			Access: admins, Summary: "Update warehouse",
			Doc: "Replaces all fields. The response is sent once the sourcing of its shops is updated.",
		}, s.updateWarehouse),
		rest.Bind(rest.Route{
			ID: "delete-warehouse", Method: http.MethodDelete, Path: "/inventory/warehouses/{id}",
			Access: admins, Status: http.StatusNoContent, Summary: "Delete warehouse",
			Doc: "It no longer serves any shop, and its code can be reused. Its stock stays on record.",
		}, s.deleteWarehouse),
		rest.Bind(rest.Route{
			ID: "get-sourcing", Method: http.MethodGet, Path: "/inventory/sourcing/{shopId}",
			Access: rest.Staff, Summary: "Get shop sourcing",
		}, s.getSourcing),
		rest.Bind(rest.Route{
			ID: "set-sourcing", Method: http.MethodPut, Path: "/inventory/sourcing/{shopId}", Access: admins,
			Summary: "Set shop sourcing",
		}, s.setSourcing),
		rest.Bind(rest.Route{
			ID: "list-transfers", Method: http.MethodGet, Path: "/inventory/transfers", Access: rest.Staff,
			Summary: "List transfers",
			Doc: "Admins see all of the company, managers and staff those from or to their shops. A page may " +
				"hold fewer than limit items while nextCursor is set.",
		}, s.listTransfers),
		rest.Bind(rest.Route{
			ID: "create-transfer", Method: http.MethodPost, Keyed: true, Path: "/inventory/transfers",
			Access: write, Status: http.StatusCreated, Summary: "Create transfer",
			Doc: "For people in charge of either location, so a shop can request goods.",
		}, s.createTransfer),
		rest.Bind(rest.Route{
			ID: "get-transfer", Method: http.MethodGet, Path: "/inventory/transfers/{id}",
			Access: rest.Staff, Summary: "Get transfer",
		}, s.getTransfer),
		rest.Bind(rest.Route{
			ID: "set-transfer-lines", Method: http.MethodPut, Path: "/inventory/transfers/{id}/lines",
			Access: write, Summary: "Replace transfer lines",
		}, s.setTransferLines),
		rest.Bind(rest.Route{
			ID: "ship-transfer", Method: http.MethodPost, Keyed: true,
			Path: "/inventory/transfers/{id}/ship", Access: write, Summary: "Ship transfer",
			Doc: "For people in charge of the source. Ships all lines or none: 409 names the lines without " +
				"enough stock.",
		}, s.shipTransfer),
		rest.Bind(rest.Route{
			ID: "receive-transfer", Method: http.MethodPost, Keyed: true,
			Path: "/inventory/transfers/{id}/receive", Access: write, Summary: "Receive transfer",
			Doc: "For people in charge of the destination. With final, pieces still in transit are booked as " +
				"lost. Quantities above those in transit are refused; adjust the stock item instead.",
		}, s.receiveTransfer),
		rest.Bind(rest.Route{
			ID: "cancel-transfer", Method: http.MethodPost, Keyed: true,
			Path: "/inventory/transfers/{id}/cancel", Access: write, Summary: "Cancel transfer",
			Doc: "Pieces in transit return to the source. Only for people in charge of the source.",
		}, s.cancelTransfer),
		rest.Bind(rest.Route{
			ID: "list-stocktakes", Method: http.MethodGet, Path: "/inventory/stocktakes", Access: rest.Staff,
			Summary: "List stocktakes",
		}, s.listStocktakes),
		rest.Bind(rest.Route{
			ID: "open-stocktake", Method: http.MethodPost, Keyed: true, Path: "/inventory/stocktakes",
			Access: write, Status: http.StatusCreated, Summary: "Open stocktake",
			Doc: "Covers the named stock items of a location, or all. A location has one open stocktake at a " +
				"time.",
		}, s.openStocktake),
		rest.Bind(rest.Route{
			ID: "get-stocktake", Method: http.MethodGet, Path: "/inventory/stocktakes/{id}",
			Access: rest.Staff, Summary: "Get stocktake",
		}, s.getStocktake),
		rest.Bind(rest.Route{
			ID: "set-counts", Method: http.MethodPut, Path: "/inventory/stocktakes/{id}/counts",
			Access:  rest.Only(entrepot.CompanyAdmin, entrepot.ShopManager, entrepot.ShopStaff),
			Summary: "Record counts",
			Doc: "A count is compared with the quantity on hand at this moment. Items that are not named keep " +
				"their count.",
		}, s.setCounts),
		rest.Bind(rest.Route{
			ID: "close-stocktake", Method: http.MethodPost, Keyed: true,
			Path: "/inventory/stocktakes/{id}/close", Access: write, Summary: "Close stocktake",
			Doc: "Books the variances: on-hand of each item changes by its variance, regardless of movements " +
				"since the count; items without a count stay. A variance that would remove reserved pieces " +
				"is not booked, and its line says why.",
		}, s.closeStocktake),
		rest.Bind(rest.Route{
			ID: "cancel-stocktake", Method: http.MethodPost, Keyed: true,
			Path: "/inventory/stocktakes/{id}/cancel", Access: write, Summary: "Cancel stocktake",
		}, s.cancelStocktake),
		rest.Bind(rest.Route{
			ID: "list-locations", Method: http.MethodGet, Path: "/inventory/locations", Access: rest.Staff,
			Summary: "List locations",
			Doc: "Warehouses first (admins see all, others those that serve their shops), then all shops of " +
				"the company. A page may hold fewer than limit items while nextCursor is set.",
		}, s.listLocations),
		rest.Bind(rest.Route{
			ID: "list-reorder-suggestions", Method: http.MethodGet, Path: "/inventory/reorder-suggestions",
			Access: buyers, Summary: "List reorder suggestions",
			Doc: "Lists items at or below their reorder point. suggestedQuantity is the reorder quantity, or " +
				"without one the quantity that lifts the item above its reorder point, plus pieces promised " +
				"beyond on-hand, less those on open purchase orders and drafts; at least the supplier's " +
				"minimum.",
		}, s.listReorders),
		rest.Bind(rest.Route{
			ID: "order-reorder-suggestions", Method: http.MethodPost, Keyed: true,
			Path: "/inventory/reorder-suggestions", Access: write, Status: http.StatusCreated,
			Summary: "Create purchase order from suggestions",
			Doc:     "For one location and one supplier; 409 if nothing is suggested. Takes at most 200 items.",
		}, s.reorder),
		rest.Bind(rest.Route{
			ID: "list-suppliers", Method: http.MethodGet, Path: "/inventory/suppliers", Access: buyers,
			Summary: "List suppliers",
		}, s.listSuppliers),
		rest.Bind(rest.Route{
			ID: "create-supplier", Method: http.MethodPost, Keyed: true, Path: "/inventory/suppliers",
			Access: admins, Status: http.StatusCreated, Summary: "Create supplier",
		}, s.createSupplier),
		rest.Bind(rest.Route{
			ID: "get-supplier", Method: http.MethodGet, Path: "/inventory/suppliers/{id}", Access: buyers,
			Summary: "Get supplier",
		}, s.getSupplier),
		rest.Bind(rest.Route{
			ID: "update-supplier", Method: http.MethodPut, Path: "/inventory/suppliers/{id}", Access: admins,
			Summary: "Update supplier",
			Doc:     "Replaces all fields.",
		}, s.updateSupplier),
		rest.Bind(rest.Route{
			ID: "delete-supplier", Method: http.MethodDelete, Path: "/inventory/suppliers/{id}",
			Access: admins, Status: http.StatusNoContent, Summary: "Delete supplier",
			Doc: "Purchase orders keep the supplier's name.",
		}, s.deleteSupplier),
		rest.Bind(rest.Route{
			ID: "list-purchase-orders", Method: http.MethodGet, Path: "/inventory/purchase-orders",
			Access: rest.Staff, Summary: "List purchase orders",
		}, s.listPurchases),
		rest.Bind(rest.Route{
			ID: "create-purchase-order", Method: http.MethodPost, Keyed: true,
			Path: "/inventory/purchase-orders", Access: write, Status: http.StatusCreated,
			Summary: "Create purchase order",
		}, s.createPurchase),
		rest.Bind(rest.Route{
			ID: "get-purchase-order", Method: http.MethodGet, Path: "/inventory/purchase-orders/{id}",
			Access: rest.Staff, Summary: "Get purchase order",
		}, s.getPurchase),
		rest.Bind(rest.Route{
			ID: "set-purchase-order", Method: http.MethodPut, Path: "/inventory/purchase-orders/{id}",
			Access: write, Summary: "Update draft purchase order",
		}, s.setPurchaseTerms),
		rest.Bind(rest.Route{
			ID: "order-purchase", Method: http.MethodPost, Keyed: true,
			Path: "/inventory/purchase-orders/{id}/order", Access: write, Summary: "Place purchase order",
		}, s.orderPurchase),
		rest.Bind(rest.Route{
			ID: "receive-purchase", Method: http.MethodPost, Keyed: true,
			Path: "/inventory/purchase-orders/{id}/receive", Access: write, Summary: "Receive purchase",
			Doc: "Takes any number of deliveries; quantities above the order and its tolerance are refused. " +
				"With final, no further delivery is expected.",
		}, s.receivePurchase),
		rest.Bind(rest.Route{
			ID: "cancel-purchase", Method: http.MethodPost, Keyed: true,
			Path: "/inventory/purchase-orders/{id}/cancel", Access: write, Summary: "Cancel purchase order",
			Doc: "Received goods stay in stock.",
		}, s.cancelPurchase),
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
	w, err := grains.Ask(query.AsPlatform(ctx), a, warehouse.Of(id), warehouse.Get{})
	if err == nil && caller.MayReachCompany(w.CompanyID) {
		return Location{id, w.CompanyID, LocationWarehouse}, nil
	}
	if err != nil && entrepot.CodeOf(err) != entrepot.CodeNotFound {
		return Location{}, err
	}
	shop, err := query.Shop(ctx, a, id)
	switch {
	case entrepot.CodeOf(err) == entrepot.CodeNotFound, err == nil && !caller.MayReachCompany(shop.CompanyID):
		return Location{}, query.Missing(field, "no such location")
	case err != nil:
		return Location{}, err
	default:
		return Location{id, shop.CompanyID, LocationShop}, nil
	}
}

// locateOwn finds a location where the caller may move stock.
func locateOwn(ctx context.Context, a grains.Asker, field string, id entrepot.ID) (Location, error) {
	l, err := locate(ctx, a, field, id)
	if err == nil && !entrepot.CallerFrom(ctx).MayReachShop(l.CompanyID, l.ID) {
		return Location{}, query.Missing(field, "no such location")
	}
	return l, err
}

// goodsOf finds the variant of a company's product that list[i] names, whether
// it is being sold or not: what lies somewhere can be moved and counted.
func goodsOf(ctx context.Context, a grains.Asker, company entrepot.ID, list string, i int, productID, variantID entrepot.ID) (product.Variant, error) {
	p, err := query.Product(ctx, a, productID)
	if entrepot.CodeOf(err) == entrepot.CodeNotFound || (err == nil && p.CompanyID != company) {
		return product.Variant{}, query.Missing(query.Indexed(list, i, "productId"), "no such product")
	}
	if err != nil {
		return product.Variant{}, err
	}
	if len(p.Variants) > 0 && variantID == "" {
		return product.Variant{}, entrepot.Invalid(query.Indexed(list, i, "variantId"), "required", "the product has variants: one must be named")
	}
	for _, v := range p.Variants {
		if v.ID == variantID {
			return v, nil
		}
	}
	if v, ok := p.Sellable(variantID); ok && len(p.Variants) == 0 {
		return v, nil
	}
	return product.Variant{}, query.Missing(query.Indexed(list, i, "variantId"), "no such variant")
}
