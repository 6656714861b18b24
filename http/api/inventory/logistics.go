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
			ID: "list-warehouses", Method: http.MethodGet, Path: "/inventory/warehouses", Access: rest.Staff, Summary: "List warehouses",
			Doc: "Admins see all of the company, managers and staff those that serve their shops. A page may hold fewer than limit while there is a next one.",
		}, s.listWarehouses),
		rest.Bind(rest.Route{ID: "create-warehouse", Method: http.MethodPost, Keyed: true, Path: "/inventory/warehouses", Access: admins, Status: http.StatusCreated, Summary: "Create a warehouse"}, s.createWarehouse),
		rest.Bind(rest.Route{ID: "get-warehouse", Method: http.MethodGet, Path: "/inventory/warehouses/{id}", Access: rest.Staff, Summary: "Read a warehouse"}, s.getWarehouse),
		rest.Bind(rest.Route{
			ID: "update-warehouse", Method: http.MethodPut, Path: "/inventory/warehouses/{id}", Access: admins, Summary: "Change a warehouse",
			Doc: "Sets everything that a warehouse says of itself. Answered when the shops it serves are sourced accordingly.",
		}, s.updateWarehouse),
		rest.Bind(rest.Route{
			ID: "delete-warehouse", Method: http.MethodDelete, Path: "/inventory/warehouses/{id}", Access: admins, Status: http.StatusNoContent, Summary: "Delete a warehouse",
			Doc: "It serves nobody from then on and its code is free. What lies there stays on record.",
		}, s.deleteWarehouse),
		rest.Bind(rest.Route{ID: "get-sourcing", Method: http.MethodGet, Path: "/inventory/sourcing/{shopId}", Access: rest.Staff, Summary: "Where a shop's orders may be sent from, in order"}, s.getSourcing),
		rest.Bind(rest.Route{ID: "set-sourcing", Method: http.MethodPut, Path: "/inventory/sourcing/{shopId}", Access: admins, Summary: "Set how a shop's orders choose among its locations"}, s.setSourcing),
		rest.Bind(rest.Route{
			ID: "list-transfers", Method: http.MethodGet, Path: "/inventory/transfers", Access: rest.Staff, Summary: "List transfers",
			Doc: "Admins see all of the company, managers and staff those from or to their shops. A page may hold fewer than limit while there is a next one.",
		}, s.listTransfers),
		rest.Bind(rest.Route{
			ID: "create-transfer", Method: http.MethodPost, Keyed: true, Path: "/inventory/transfers", Access: write, Status: http.StatusCreated, Summary: "Draft a transfer",
			Doc: "Who runs either end may: goods can be asked for.",
		}, s.createTransfer),
		rest.Bind(rest.Route{ID: "get-transfer", Method: http.MethodGet, Path: "/inventory/transfers/{id}", Access: rest.Staff, Summary: "Read a transfer"}, s.getTransfer),
		rest.Bind(rest.Route{ID: "set-transfer-lines", Method: http.MethodPut, Path: "/inventory/transfers/{id}/lines", Access: write, Summary: "Replace the lines of a draft"}, s.setTransferLines),
		rest.Bind(rest.Route{
			ID: "ship-transfer", Method: http.MethodPost, Keyed: true, Path: "/inventory/transfers/{id}/ship", Access: write, Summary: "Ship a transfer",
			Doc: "For who runs the source. All lines leave it or none: 409 names those that lack.",
		}, s.shipTransfer),
		rest.Bind(rest.Route{
			ID: "receive-transfer", Method: http.MethodPost, Keyed: true, Path: "/inventory/transfers/{id}/receive", Access: write, Summary: "Receive a transfer, or a part of it",
			Doc: "For who runs the destination. With final, what is still in transit is lost. More than is in transit is refused: it is found by an adjustment of the stock item.",
		}, s.receiveTransfer),
		rest.Bind(rest.Route{
			ID: "cancel-transfer", Method: http.MethodPost, Keyed: true, Path: "/inventory/transfers/{id}/cancel", Access: write, Summary: "Cancel a transfer",
			Doc: "What is in transit goes back to the source, whose people alone may do that.",
		}, s.cancelTransfer),
		rest.Bind(rest.Route{ID: "list-stocktakes", Method: http.MethodGet, Path: "/inventory/stocktakes", Access: rest.Staff, Summary: "List stocktakes"}, s.listStocktakes),
		rest.Bind(rest.Route{
			ID: "open-stocktake", Method: http.MethodPost, Keyed: true, Path: "/inventory/stocktakes", Access: write, Status: http.StatusCreated, Summary: "Open a stocktake",
			Doc: "Of named stock items of a location or of all. A location is counted by one stocktake at a time.",
		}, s.openStocktake),
		rest.Bind(rest.Route{ID: "get-stocktake", Method: http.MethodGet, Path: "/inventory/stocktakes/{id}", Access: rest.Staff, Summary: "Read a stocktake with its variances"}, s.getStocktake),
		rest.Bind(rest.Route{
			ID: "set-counts", Method: http.MethodPut, Path: "/inventory/stocktakes/{id}/counts", Access: rest.Only(entrepot.CompanyAdmin, entrepot.ShopManager, entrepot.ShopStaff), Summary: "Note what was counted",
			Doc: "A count is compared with what the stock item has on hand at this moment. Items that are not named keep their count.",
		}, s.setCounts),
		rest.Bind(rest.Route{
			ID: "close-stocktake", Method: http.MethodPost, Keyed: true, Path: "/inventory/stocktakes/{id}/close", Access: write, Summary: "Book the variances",
			Doc: "Each item's on-hand changes by its variance, whatever has moved since it was counted; what was not counted stays. A variance that would take pieces set aside for orders is not booked, and its line says so.",
		}, s.closeStocktake),
		rest.Bind(rest.Route{ID: "cancel-stocktake", Method: http.MethodPost, Keyed: true, Path: "/inventory/stocktakes/{id}/cancel", Access: write, Summary: "Give a stocktake up"}, s.cancelStocktake),
		rest.Bind(rest.Route{
			ID: "list-locations", Method: http.MethodGet, Path: "/inventory/locations", Access: rest.Staff, Summary: "List shops and warehouses as one",
			Doc: "Warehouses first: admins all, others those that serve their shops; then all shops of the company. A page may hold fewer than limit while there is a next one.",
		}, s.listLocations),
		rest.Bind(rest.Route{
			ID: "list-reorder-suggestions", Method: http.MethodGet, Path: "/inventory/reorder-suggestions", Access: buyers, Summary: "What to buy: items at or below their reorder point",
			Doc: "Suggested: the reorder quantity, or without one what lifts the item above its reorder point, and what is promised beyond on-hand, less what is on open purchase orders and drafts; at least what the supplier sells at once.",
		}, s.listReorders),
		rest.Bind(rest.Route{
			ID: "order-reorder-suggestions", Method: http.MethodPost, Keyed: true, Path: "/inventory/reorder-suggestions", Access: write, Status: http.StatusCreated, Summary: "Draft a purchase order of what is suggested",
			Doc: "For one location, of what one supplier offers; 409 when nothing is suggested. The first 200 items, if there are more.",
		}, s.reorder),
		rest.Bind(rest.Route{ID: "list-suppliers", Method: http.MethodGet, Path: "/inventory/suppliers", Access: buyers, Summary: "List suppliers"}, s.listSuppliers),
		rest.Bind(rest.Route{ID: "create-supplier", Method: http.MethodPost, Keyed: true, Path: "/inventory/suppliers", Access: admins, Status: http.StatusCreated, Summary: "Create a supplier"}, s.createSupplier),
		rest.Bind(rest.Route{ID: "get-supplier", Method: http.MethodGet, Path: "/inventory/suppliers/{id}", Access: buyers, Summary: "Read a supplier with what they sell"}, s.getSupplier),
		rest.Bind(rest.Route{ID: "update-supplier", Method: http.MethodPut, Path: "/inventory/suppliers/{id}", Access: admins, Summary: "Change a supplier", Doc: "Sets everything that is known of them."}, s.updateSupplier),
		rest.Bind(rest.Route{ID: "delete-supplier", Method: http.MethodDelete, Path: "/inventory/suppliers/{id}", Access: admins, Status: http.StatusNoContent, Summary: "Delete a supplier", Doc: "Purchase orders keep the name."}, s.deleteSupplier),
		rest.Bind(rest.Route{ID: "list-purchase-orders", Method: http.MethodGet, Path: "/inventory/purchase-orders", Access: rest.Staff, Summary: "List purchase orders"}, s.listPurchases),
		rest.Bind(rest.Route{ID: "create-purchase-order", Method: http.MethodPost, Keyed: true, Path: "/inventory/purchase-orders", Access: write, Status: http.StatusCreated, Summary: "Draft a purchase order"}, s.createPurchase),
		rest.Bind(rest.Route{ID: "get-purchase-order", Method: http.MethodGet, Path: "/inventory/purchase-orders/{id}", Access: rest.Staff, Summary: "Read a purchase order"}, s.getPurchase),
		rest.Bind(rest.Route{ID: "set-purchase-order", Method: http.MethodPut, Path: "/inventory/purchase-orders/{id}", Access: write, Summary: "Replace what a draft says"}, s.setPurchaseTerms),
		rest.Bind(rest.Route{ID: "order-purchase", Method: http.MethodPost, Keyed: true, Path: "/inventory/purchase-orders/{id}/order", Access: write, Summary: "Order it: it gets its number"}, s.orderPurchase),
		rest.Bind(rest.Route{
			ID: "receive-purchase", Method: http.MethodPost, Keyed: true, Path: "/inventory/purchase-orders/{id}/receive", Access: write, Summary: "Receive a delivery into stock",
			Doc: "In as many deliveries as it takes; more than is ordered and tolerated is refused. With final, nothing more is expected.",
		}, s.receivePurchase),
		rest.Bind(rest.Route{ID: "cancel-purchase", Method: http.MethodPost, Keyed: true, Path: "/inventory/purchase-orders/{id}/cancel", Access: write, Summary: "Cancel a purchase order", Doc: "What has come in stays in stock."}, s.cancelPurchase),
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
	w, err := grains.Ask(platform, a, warehouse.Of(id), warehouse.Get{})
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
