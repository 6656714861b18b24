package api_test

import (
	"maps"
	"slices"
	"testing"
)

// logistics are the things of the matrix that staff of other shops and companies
// do not see.
var logistics = []string{"warehouse", "transfer", "delivery", "stocktake", "purchase", "ordered purchase"}

func init() {
	maps.Copy(rows, map[string]matrixRow{
		"get-warehouse": {thing: "warehouse"}, "delete-warehouse": {thing: "warehouse"},
		"update-warehouse": {thing: "warehouse", body: static(map[string]any{"name": "New", "code": "NEW"})},
		"get-sourcing":     {thing: "shop"}, "set-sourcing": {thing: "shop", body: static(map[string]any{"strategy": "nearest"})},
		"get-transfer": {thing: "transfer"}, "ship-transfer": {thing: "transfer"}, "cancel-transfer": {thing: "transfer"},
		"set-transfer-lines": {thing: "transfer", body: func(w *matrix, id string) any {
			p := max(0, slices.Index(w.transfers(), id))
			return map[string]any{"lines": []any{map[string]any{"productId": w.ids["public"][p], "quantity": 1}}}
		}},
		"get-stocktake": {thing: "stocktake"}, "cancel-stocktake": {thing: "stocktake"}, "close-stocktake": {thing: "stocktake"},
		"set-counts": {thing: "stocktake", body: func(w *matrix, id string) any {
			at := w.ids["stocktake"]
			p := max(0, slices.Index(at[:], id))
			return map[string]any{"counts": []any{map[string]any{"variantId": w.ids["public"][p], "counted": 1}}}
		}},
		"get-supplier": {thing: "supplier"}, "delete-supplier": {thing: "supplier"},
		"update-supplier":    {thing: "supplier", body: static(map[string]any{"name": "New", "currency": "EUR"})},
		"get-purchase-order": {thing: "purchase"}, "order-purchase": {thing: "purchase"}, "cancel-purchase": {thing: "purchase"},
		"set-purchase-order": {thing: "purchase", body: func(w *matrix, id string) any {
			at := w.ids["purchase"]
			p := max(0, slices.Index(at[:], id))
			return map[string]any{"lines": []any{map[string]any{"productId": w.ids["public"][p], "quantity": 1, "unitCost": 1}}}
		}},
		"receive-purchase": {thing: "ordered purchase", body: static(map[string]any{"final": true})},
		"receive-transfer": {thing: "delivery", body: static(map[string]any{"final": true})},
	})
}

// addLogistics puts one of everything that the logistics has in every place.
func (w *matrix) addLogistics(t *testing.T) {
	t.Helper()
	none := w.ids["shop"][absent]
	warehouse := func(as, code, shop string) string {
		return w.Want(t, 201, as, "POST", "/api/inventory/warehouses", map[string]any{"name": code, "code": code, "servesShopIds": []string{shop}}).Text("id")
	}
	w.ids["warehouse"] = [places]string{
		warehouse("company_admin", "A", w.ShopA), warehouse("company_admin", "B", w.ShopB), warehouse("other_admin", "A", w.OtherShop), none,
	}
	at := w.ids["warehouse"]
	transfer := func(as, product, from, to string, ship bool) string {
		id := w.Want(t, 201, as, "POST", "/api/inventory/transfers", map[string]any{
			"fromLocationId": from, "toLocationId": to, "lines": []any{map[string]any{"productId": product, "quantity": 1}},
		}).Text("id")
		if ship {
			w.Want(t, 200, as, "POST", "/api/inventory/transfers/"+id+"/ship", nil)
		}
		return id
	}
	w.ids["transfer"] = [places]string{
		transfer("company_admin", w.Mug, w.ShopA, at[own], false), transfer("company_admin", w.Cup, w.ShopB, at[sibling], false),
		transfer("other_admin", w.OtherMug, w.OtherShop, at[other], false), none,
	}
	w.ids["delivery"] = [places]string{
		transfer("company_admin", w.Mug, w.ShopB, w.ShopA, true), transfer("company_admin", w.Cup, w.ShopB, at[sibling], true),
		transfer("other_admin", w.OtherMug, w.OtherShop, at[other], true), none,
	}
	stocktake := func(as, product, shop string) string {
		id := w.Want(t, 201, as, "POST", "/api/inventory/stocktakes", map[string]any{"locationId": shop}).Text("id")
		w.Want(t, 200, as, "PUT", "/api/inventory/stocktakes/"+id+"/counts", map[string]any{"counts": []any{map[string]any{"variantId": product, "counted": 99}}})
		return id
	}
	w.ids["stocktake"] = [places]string{
		stocktake("company_admin", w.Mug, w.ShopA), stocktake("company_admin", w.Cup, w.ShopB), stocktake("other_admin", w.OtherMug, w.OtherShop), none,
	}
	w.addPurchases(t, none)
}

func (w *matrix) addPurchases(t *testing.T, none string) {
	t.Helper()
	supplier := func(as, name string) string {
		return w.Want(t, 201, as, "POST", "/api/inventory/suppliers", map[string]any{"name": name, "currency": "EUR"}).Text("id")
	}
	ours, theirs := supplier("company_admin", "Leaf"), supplier("other_admin", "Pot")
	w.ids["supplier"] = [places]string{ours, supplier("company_admin", "Clay"), theirs, none}
	buy := func(as, from, product, shop string, order bool) string {
		id := w.Want(t, 201, as, "POST", "/api/inventory/purchase-orders", map[string]any{
			"supplierId": from, "locationId": shop, "lines": []any{map[string]any{"productId": product, "quantity": 1, "unitCost": 1}},
		}).Text("id")
		if order {
			w.Want(t, 200, as, "POST", "/api/inventory/purchase-orders/"+id+"/order", nil)
		}
		return id
	}
	for thing, ordered := range map[string]bool{"purchase": false, "ordered purchase": true} {
		w.ids[thing] = [places]string{
			buy("company_admin", ours, w.Mug, w.ShopA, ordered), buy("company_admin", ours, w.Cup, w.ShopB, ordered),
			buy("other_admin", theirs, w.OtherMug, w.OtherShop, ordered), none,
		}
	}
}

func (w *matrix) transfers() []string { ids := w.ids["transfer"]; return ids[:] }
