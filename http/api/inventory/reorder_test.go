package inventory_test

import (
	"testing"

	"entrepot/grains/inventory/stock"
	"entrepot/http/api/apitest"
)

// TestWhatToBuy: an item at its reorder point is suggested with what is not on
// its way yet, of the supplier who sells it the cheapest; a draft made of that
// takes it off the list of what to buy.
func TestWhatToBuy(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	const path = "/api/inventory/reorder-suggestions"
	one := func(shop string) string { return "/api/inventory/items/" + stock.ID(w.Mug, shop) }
	for _, shop := range []string{w.ShopA, w.ShopB} {
		w.Want(t, 200, "company_admin", "PATCH", one(shop), map[string]any{"reorderPoint": 10, "reorderQuantity": 40})
	}
	if r := w.Want(t, 200, "shop_manager", "GET", path, nil); len(r.List("items")) != 0 {
		t.Fatalf("100 on hand: %s", r.Raw)
	}
	w.Want(t, 200, "company_admin", "POST", one(w.ShopA)+"/adjust", map[string]any{"delta": -90, "reason": "lost"})
	w.Want(t, 200, "company_admin", "POST", one(w.ShopB)+"/adjust", map[string]any{"delta": -100, "reason": "lost"})
	r := w.Want(t, 200, "shop_manager", "GET", path, nil)
	if len(r.List("items")) != 1 || r.Text("items.0.itemId") != stock.ID(w.Mug, w.ShopA) || r.At("items.0.suggestedQuantity") != 40.0 || r.At("items.0.supplier") != nil {
		t.Fatalf("at the reorder point of the manager's shop: %s", r.Raw)
	}
	supplier := func(name string, active bool, cost float64) string {
		return w.Want(t, 201, "company_admin", "POST", "/api/inventory/suppliers", map[string]any{
			"name": name, "currency": "EUR", "isActive": active, "offers": []any{map[string]any{"productId": w.Mug, "cost": cost, "supplierSku": name + "-1", "minQuantity": 50}},
		}).Text("id")
	}
	dear, cheap := supplier("Dear", true, 3), supplier("Cheap", true, 2)
	supplier("Retired", false, 1)
	r = w.Want(t, 200, "company_admin", "GET", path+"?locationId="+w.ShopA, nil)
	if r.Text("items.0.supplier.id") != cheap || r.At("items.0.supplier.unitCost") != 2.0 || r.At("items.0.suggestedQuantity") != 50.0 {
		t.Fatalf("the cheapest sells 50 at least: %s", r.Raw)
	}
	if r := w.Want(t, 200, "company_admin", "GET", path+"?supplierId="+dear, nil); len(r.List("items")) != 2 || r.Text("items.0.supplier.id") != dear {
		t.Fatalf("of one supplier: %s", r.Raw)
	}
	first := w.Want(t, 200, "company_admin", "GET", path+"?limit=1", nil)
	second := w.Want(t, 200, "company_admin", "GET", path+"?limit=1&cursor="+first.Text("nextCursor"), nil)
	if len(first.List("items")) != 1 || len(second.List("items")) != 1 || first.Text("items.0.itemId") == second.Text("items.0.itemId") {
		t.Fatalf("pages: %s %s", first.Raw, second.Raw)
	}

	body := map[string]any{"supplierId": dear, "locationId": w.ShopA}
	made := w.Want(t, 201, "shop_manager", "POST", path, body, "Idempotency-Key", "r")
	if made.Text("status") != "draft" || made.At("lines.0.quantity") != 50.0 || made.At("lines.0.unitCost") != 3.0 || made.Header.Get("Location") != "/api/inventory/purchase-orders/"+made.Text("id") {
		t.Fatalf("%v %s", made.Header, made.Raw)
	}
	if again := w.Want(t, 201, "shop_manager", "POST", path, body, "Idempotency-Key", "r"); again.Text("id") != made.Text("id") {
		t.Fatal("drafted twice")
	}
	w.Want(t, 409, "shop_manager", "POST", path, body)
	if r := w.Want(t, 200, "shop_manager", "GET", path, nil); r.At("items.0.drafted") != 50.0 || r.At("items.0.onOrder") != 0.0 || r.At("items.0.suggestedQuantity") != 0.0 {
		t.Fatalf("drafted: %s", r.Raw)
	}
	order := made.Header.Get("Location")
	w.Want(t, 200, "shop_manager", "POST", order+"/order", nil)
	w.Want(t, 200, "shop_manager", "POST", order+"/receive", map[string]any{"lines": []any{map[string]any{"variantId": w.Mug, "quantity": 20}}})
	w.Want(t, 200, "shop_manager", "POST", one(w.ShopA)+"/adjust", map[string]any{"delta": -20, "reason": "lost"})
	if r := w.Want(t, 200, "shop_manager", "GET", path, nil); r.At("items.0.drafted") != 0.0 || r.At("items.0.onOrder") != 30.0 || r.At("items.0.suggestedQuantity") != 50.0 {
		t.Fatalf("30 of 40 are to come, and 50 is the least: %s", r.Raw)
	}

	for _, field := range []struct{ as, supplier, location, name string }{
		{"shop_manager", dear, w.ShopB, "locationId"}, {"company_admin", dear, w.OtherShop, "locationId"},
	} {
		if r := w.Want(t, 404, field.as, "POST", path, map[string]any{"supplierId": field.supplier, "locationId": field.location}); !apitest.Names(r, field.name) {
			t.Errorf("%+v: %s", field, r.Raw)
		}
	}
	if r := w.Want(t, 409, "company_admin", "POST", path, map[string]any{"supplierId": dear, "locationId": w.ShopB, "itemIds": []string{stock.ID(w.Mug, w.ShopA)}}); r.Text("code") != "conflict" {
		t.Errorf("an item that is not suggested there: %s", r.Raw)
	}
	if r := w.Want(t, 200, "other_admin", "GET", path+"?companyId="+w.Company, nil); len(r.List("items")) != 0 {
		t.Errorf("another company: %s", r.Raw)
	}
	w.Want(t, 403, "shop_staff", "GET", path, nil)
}

// TestLocationsAreOneList: warehouses and shops, page by page, each once.
func TestLocationsAreOneList(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	const path = "/api/inventory/locations"
	house := w.Want(t, 201, "company_admin", "POST", "/api/inventory/warehouses", map[string]any{
		"name": "North", "code": "N1", "servesShopIds": []string{w.ShopB}, "location": map[string]any{"coordinates": map[string]any{"lat": 53.5, "lng": 10}},
	}).Text("id")
	all := func(as, query string, limit string) (ids []string) {
		t.Helper()
		for cursor := ""; ; {
			r := w.Want(t, 200, as, "GET", path+"?limit="+limit+query+"&cursor="+cursor, nil)
			for _, i := range r.List("items") {
				ids = append(ids, i.(map[string]any)["id"].(string))
			}
			if cursor = r.Text("nextCursor"); cursor == "" {
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
	if got := all("other_admin", "&companyId="+w.Company, "1"); len(got) != 0 {
		t.Errorf("another company: %q", got)
	}
	r := w.Want(t, 200, "company_admin", "GET", path, nil)
	if r.Text("items.0.type") != "warehouse" || r.At("items.0.location.coordinates.lat") != 53.5 || r.Text("items.1.type") != "shop" || r.Text("items.1.name") == "" {
		t.Errorf("%s", r.Raw)
	}
}
