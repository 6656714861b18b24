package api_test

import (
	"testing"

	"entrepot/grains/stock/stockpb"
)

// TestWhatToBuy: an item at its reorder point is suggested with what is not on
// its way yet, of the supplier who sells it the cheapest; a draft made of that
// takes it off the list of what to buy.
func TestWhatToBuy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const path = "/api/inventory/reorder-suggestions"
	one := func(shop string) string { return "/api/inventory/items/" + stockpb.ID(w.mug, shop) }
	for _, shop := range []string{w.shopA, w.shopB} {
		w.want(t, 200, "company_admin", "PATCH", one(shop), map[string]any{"reorderPoint": 10, "reorderQuantity": 40})
	}
	if r := w.want(t, 200, "shop_manager", "GET", path, nil); len(r.list("items")) != 0 {
		t.Fatalf("100 on hand: %s", r.raw)
	}
	w.want(t, 200, "company_admin", "POST", one(w.shopA)+"/adjust", map[string]any{"delta": -90, "reason": "lost"})
	w.want(t, 200, "company_admin", "POST", one(w.shopB)+"/adjust", map[string]any{"delta": -100, "reason": "lost"})
	r := w.want(t, 200, "shop_manager", "GET", path, nil)
	if len(r.list("items")) != 1 || r.text("items.0.itemId") != stockpb.ID(w.mug, w.shopA) || r.at("items.0.suggestedQuantity") != 40.0 || r.at("items.0.supplier") != nil {
		t.Fatalf("at the reorder point of the manager's shop: %s", r.raw)
	}
	supplier := func(name string, active bool, cost float64) string {
		return w.want(t, 201, "company_admin", "POST", "/api/inventory/suppliers", map[string]any{
			"name": name, "currency": "EUR", "isActive": active, "offers": []any{map[string]any{"productId": w.mug, "cost": cost, "supplierSku": name + "-1", "minQuantity": 50}},
		}).text("id")
	}
	dear, cheap := supplier("Dear", true, 3), supplier("Cheap", true, 2)
	supplier("Retired", false, 1)
	r = w.want(t, 200, "company_admin", "GET", path+"?locationId="+w.shopA, nil)
	if r.text("items.0.supplier.id") != cheap || r.at("items.0.supplier.unitCost") != 2.0 || r.at("items.0.suggestedQuantity") != 50.0 {
		t.Fatalf("the cheapest sells 50 at least: %s", r.raw)
	}
	if r := w.want(t, 200, "company_admin", "GET", path+"?supplierId="+dear, nil); len(r.list("items")) != 2 || r.text("items.0.supplier.id") != dear {
		t.Fatalf("of one supplier: %s", r.raw)
	}
	first := w.want(t, 200, "company_admin", "GET", path+"?limit=1", nil)
	second := w.want(t, 200, "company_admin", "GET", path+"?limit=1&cursor="+first.text("nextCursor"), nil)
	if len(first.list("items")) != 1 || len(second.list("items")) != 1 || first.text("items.0.itemId") == second.text("items.0.itemId") {
		t.Fatalf("pages: %s %s", first.raw, second.raw)
	}

	body := map[string]any{"supplierId": dear, "locationId": w.shopA}
	made := w.want(t, 201, "shop_manager", "POST", path, body, "Idempotency-Key", "r")
	if made.text("status") != "draft" || made.at("lines.0.quantity") != 50.0 || made.at("lines.0.unitCost") != 3.0 || made.header.Get("Location") != "/api/inventory/purchase-orders/"+made.text("id") {
		t.Fatalf("%v %s", made.header, made.raw)
	}
	if again := w.want(t, 201, "shop_manager", "POST", path, body, "Idempotency-Key", "r"); again.text("id") != made.text("id") {
		t.Fatal("drafted twice")
	}
	w.want(t, 409, "shop_manager", "POST", path, body)
	if r := w.want(t, 200, "shop_manager", "GET", path, nil); r.at("items.0.drafted") != 50.0 || r.at("items.0.onOrder") != 0.0 || r.at("items.0.suggestedQuantity") != 0.0 {
		t.Fatalf("drafted: %s", r.raw)
	}
	order := made.header.Get("Location")
	w.want(t, 200, "shop_manager", "POST", order+"/order", nil)
	w.want(t, 200, "shop_manager", "POST", order+"/receive", map[string]any{"lines": []any{map[string]any{"variantId": w.mug, "quantity": 20}}})
	w.want(t, 200, "shop_manager", "POST", one(w.shopA)+"/adjust", map[string]any{"delta": -20, "reason": "lost"})
	if r := w.want(t, 200, "shop_manager", "GET", path, nil); r.at("items.0.drafted") != 0.0 || r.at("items.0.onOrder") != 30.0 || r.at("items.0.suggestedQuantity") != 50.0 {
		t.Fatalf("30 of 40 are to come, and 50 is the least: %s", r.raw)
	}

	for _, field := range []struct{ as, supplier, location, name string }{
		{"shop_manager", dear, w.shopB, "locationId"}, {"company_admin", dear, w.otherShop, "locationId"},
	} {
		if r := w.want(t, 404, field.as, "POST", path, map[string]any{"supplierId": field.supplier, "locationId": field.location}); !names(r, field.name) {
			t.Errorf("%+v: %s", field, r.raw)
		}
	}
	if r := w.want(t, 409, "company_admin", "POST", path, map[string]any{"supplierId": dear, "locationId": w.shopB, "itemIds": []string{stockpb.ID(w.mug, w.shopA)}}); r.text("code") != "conflict" {
		t.Errorf("an item that is not suggested there: %s", r.raw)
	}
	if r := w.want(t, 200, "other_admin", "GET", path+"?companyId="+w.company, nil); len(r.list("items")) != 0 {
		t.Errorf("another company: %s", r.raw)
	}
	w.want(t, 403, "shop_staff", "GET", path, nil)
}

// TestLocationsAreOneList: warehouses and shops, page by page, each once.
func TestLocationsAreOneList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const path = "/api/inventory/locations"
	house := w.want(t, 201, "company_admin", "POST", "/api/inventory/warehouses", map[string]any{
		"name": "North", "code": "N1", "servesShopIds": []string{w.shopB}, "location": map[string]any{"coordinates": map[string]any{"lat": 53.5, "lng": 10}},
	}).text("id")
	all := func(as, query string, limit string) (ids []string) {
		t.Helper()
		for cursor := ""; ; {
			r := w.want(t, 200, as, "GET", path+"?limit="+limit+query+"&cursor="+cursor, nil)
			for _, i := range r.list("items") {
				ids = append(ids, i.(map[string]any)["id"].(string))
			}
			if cursor = r.text("nextCursor"); cursor == "" {
				return ids
			}
		}
	}
	for _, limit := range []string{"1", "2", "100"} {
		if got := all("company_admin", "", limit); len(got) != 3 || got[0] != house {
			t.Errorf("pages of %s: %q", limit, got)
		}
	}
	if got := all("company_admin", "&type=warehouse", "1"); len(got) != 1 || got[0] != house {
		t.Errorf("warehouses: %q", got)
	}
	if got := all("shop_staff", "", "1"); len(got) != 2 { // the warehouse serves another shop
		t.Errorf("staff of shop A: %q", got)
	}
	if got := all("other_admin", "&companyId="+w.company, "1"); len(got) != 0 {
		t.Errorf("another company: %q", got)
	}
	r := w.want(t, 200, "company_admin", "GET", path, nil)
	if r.text("items.0.type") != "warehouse" || r.at("items.0.location.coordinates.lat") != 53.5 || r.text("items.1.type") != "shop" || r.text("items.1.name") == "" {
		t.Errorf("%s", r.raw)
	}
}
