package inventory_test

import (
	"testing"

	"entrepot/grains/inventory/stock"
	"entrepot/http/api/apitest"
)

func TestTransfersByHTTP(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	const path = "/api/inventory/transfers"
	body := map[string]any{"fromLocationId": w.ShopA, "toLocationId": w.ShopB, "note": "weekly", "lines": []any{map[string]any{"productId": w.Mug, "quantity": 60}}}
	first := w.Want(t, 201, "shop_manager", "POST", path, body, "Idempotency-Key", "t")
	id := first.Text("id")
	if again := w.Want(t, 201, "shop_manager", "POST", path, body, "Idempotency-Key", "t"); again.Text("id") != id {
		t.Fatal("made twice")
	}
	if first.Text("status") != "draft" || first.Text("lines.0.sku") != "MUG" || first.Text("lines.0.variantId") != w.Mug || first.Header.Get("ETag") != `"1"` {
		t.Fatalf("%v %s", first.Header, first.Raw)
	}
	lines := map[string]any{"lines": []any{map[string]any{"productId": w.Mug, "quantity": 101}}}
	w.Want(t, 200, "shop_manager", "PUT", path+"/"+id+"/lines", lines, "If-Match", `"1"`)
	w.Want(t, 409, "shop_manager", "PUT", path+"/"+id+"/lines", lines, "If-Match", `"1"`)
	if r := w.Want(t, 409, "shop_manager", "POST", path+"/"+id+"/ship", nil); r.Text("code") != "out_of_stock" || !apitest.Names(r, "lines[0].quantity") {
		t.Fatalf("101 of 100: %s", r.Raw)
	}
	lines["lines"] = []any{map[string]any{"productId": w.Mug, "quantity": 60}}
	w.Want(t, 200, "shop_manager", "PUT", path+"/"+id+"/lines", lines)
	if r := w.Want(t, 200, "shop_manager", "POST", path+"/"+id+"/ship", nil); r.Text("status") != "in_transit" || r.At("lines.0.inTransit") != 60.0 {
		t.Fatalf("%s", r.Raw)
	}
	onHand := func(shop string) any {
		return w.Want(t, 200, "company_admin", "GET", "/api/inventory/items/"+stock.ID(w.Mug, shop), nil).At("onHand")
	}
	if a, b := onHand(w.ShopA), onHand(w.ShopB); a != 40.0 || b != 100.0 {
		t.Fatalf("on hand %v and %v", a, b)
	}
	w.Want(t, 403, "shop_manager", "POST", path+"/"+id+"/receive", map[string]any{"final": true})
	part := map[string]any{"lines": []any{map[string]any{"variantId": w.Mug, "quantity": 50}}}
	for range 2 {
		w.Want(t, 200, "company_admin", "POST", path+"/"+id+"/receive", part, "Idempotency-Key", "r1")
	}
	if r := w.Want(t, 400, "company_admin", "POST", path+"/"+id+"/receive", part); !apitest.Names(r, "lines[0].quantity") {
		t.Fatalf("50 of 10: %s", r.Raw)
	}
	last := map[string]any{"lines": []any{map[string]any{"variantId": w.Mug, "quantity": 9}}, "final": true, "reason": "broken"}
	r := w.Want(t, 200, "company_admin", "POST", path+"/"+id+"/receive", last)
	if r.Text("status") != "received" || r.At("lines.0.lost") != 1.0 || onHand(w.ShopB) != 159.0 {
		t.Fatalf("%s", r.Raw)
	}
	w.Want(t, 409, "company_admin", "POST", path+"/"+id+"/cancel", nil)
	for query, n := range map[string]int{"": 1, "?status=received": 1, "?status=draft": 0, "?fromLocationId=" + w.ShopA: 1, "?toLocationId=" + w.ShopA: 0} {
		if r := w.Want(t, 200, "shop_staff", "GET", path+query, nil); len(r.List("items")) != n {
			t.Errorf("%s: %s", query, r.Raw)
		}
	}
	if r := w.Want(t, 200, "other_admin", "GET", path, nil); len(r.List("items")) != 0 {
		t.Errorf("another company: %s", r.Raw)
	}
}

func TestWarehousesServeShops(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	body := map[string]any{
		"name": "North", "code": "N1", "priority": 5, "servesShopIds": []string{w.ShopA, w.ShopB},
		"location": map[string]any{"city": "Hamburg", "coordinates": map[string]any{"lat": 53.5, "lng": 10}},
	}
	first := w.Want(t, 201, "company_admin", "POST", "/api/inventory/warehouses", body, "Idempotency-Key", "n")
	again := w.Want(t, 201, "company_admin", "POST", "/api/inventory/warehouses", body, "Idempotency-Key", "n")
	id := first.Text("id")
	if again.Text("id") != id || first.Header.Get("Location") != "/api/inventory/warehouses/"+id || first.Header.Get("ETag") != `"1"` {
		t.Fatalf("%v %s, again %s", first.Header, first.Raw, again.Raw)
	}
	if r := w.Want(t, 409, "company_admin", "POST", "/api/inventory/warehouses", body); !apitest.Names(r, "code") {
		t.Fatalf("the code is taken: %s", r.Raw)
	}
	sourcing := "/api/inventory/sourcing/" + w.ShopA
	if r := w.Want(t, 200, "shop_staff", "GET", sourcing, nil); r.Text("locations.0.locationId") != w.ShopA || r.Text("locations.1.locationId") != id || r.Text("strategy") != "priority" {
		t.Fatalf("sourcing: %s", r.Raw)
	}
	r := w.Want(t, 200, "company_admin", "PUT", sourcing, map[string]any{"strategy": "nearest", "shopPriority": 9})
	if r.Text("locations.0.locationId") != id || r.At("locations.0.coordinates.lat") != 53.5 || r.Header.Get("ETag") != `"1"` {
		t.Fatalf("%v %s", r.Header, r.Raw)
	}
	w.Want(t, 200, "company_admin", "PUT", sourcing, map[string]any{"strategy": "most_stock"}, "If-Match", `"1"`)
	w.Want(t, 409, "company_admin", "PUT", sourcing, map[string]any{"strategy": "nearest"}, "If-Match", `"1"`)

	path := "/api/inventory/warehouses/" + id
	body["servesShopIds"] = []string{w.ShopB}
	w.Want(t, 200, "company_admin", "PUT", path, body, "If-Match", `"1"`)
	w.Want(t, 409, "company_admin", "PUT", path, body, "If-Match", `"1"`)
	w.Want(t, 404, "shop_staff", "GET", path, nil)
	if r := w.Want(t, 200, "shop_staff", "GET", sourcing, nil); len(r.List("locations")) != 1 {
		t.Fatalf("it serves shop A no more: %s", r.Raw)
	}
	w.Want(t, 204, "company_admin", "DELETE", path, nil)
	w.Want(t, 404, "company_admin", "GET", path, nil)
	if r := w.Want(t, 200, "company_admin", "GET", "/api/inventory/warehouses", nil); len(r.List("items")) != 0 {
		t.Fatalf("a deleted one is listed: %s", r.Raw)
	}
}

func TestWarehouseLists(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	make := func(as, code, shop string, active bool) string {
		return w.Want(t, 201, as, "POST", "/api/inventory/warehouses", map[string]any{
			"name": code, "code": code, "servesShopIds": []string{shop}, "isActive": active,
		}).Text("id")
	}
	a, b := make("company_admin", "A", w.ShopA, true), make("company_admin", "B", w.ShopB, false)
	other := make("other_admin", "A", w.OtherShop, true)
	for _, c := range []struct {
		as, query string
		want      []string
	}{
		{"company_admin", "", []string{a, b}},
		{"company_admin", "?isActive=true", []string{a}},
		{"company_admin", "?isActive=false", []string{b}},
		{"shop_manager", "", []string{a}},
		{"shop_staff", "", []string{a}},
		{"other_admin", "", []string{other}},
		{"super_admin", "", []string{a, b, other}},
		{"super_admin", "?companyId=" + w.Company, []string{a, b}},
		{"shop_staff", "?companyId=" + w.OtherCompany, nil},
	} {
		got := map[string]bool{}
		for _, item := range w.Want(t, 200, c.as, "GET", "/api/inventory/warehouses"+c.query, nil).List("items") {
			got[item.(map[string]any)["id"].(string)] = true
		}
		if len(got) != len(c.want) {
			t.Errorf("%s%s: %v, want %v", c.as, c.query, got, c.want)
		}
		for _, id := range c.want {
			if !got[id] {
				t.Errorf("%s%s lacks %s", c.as, c.query, id)
			}
		}
	}
}

func TestStocktakesByHTTP(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	const path = "/api/inventory/stocktakes"
	first := w.Want(t, 201, "shop_manager", "POST", path, map[string]any{"locationId": w.ShopA, "note": "May"}, "Idempotency-Key", "s")
	id := first.Text("id")
	if again := w.Want(t, 201, "shop_manager", "POST", path, map[string]any{"locationId": w.ShopA, "note": "May"}, "Idempotency-Key", "s"); again.Text("id") != id {
		t.Fatal("opened twice")
	}
	if len(first.List("lines")) != 1 || first.At("lines.0.onHandAtOpen") != 100.0 || first.At("lines.0.counted") != nil {
		t.Fatalf("%s", first.Raw)
	}
	w.Want(t, 409, "shop_manager", "POST", path, map[string]any{"locationId": w.ShopA})
	w.Receive(t, "before", 5)
	counts := map[string]any{"counts": []any{map[string]any{"variantId": w.Mug, "counted": 103}}}
	r := w.Want(t, 200, "shop_staff", "PUT", path+"/"+id+"/counts", counts, "If-Match", `"1"`)
	if r.At("lines.0.expected") != 105.0 || r.At("lines.0.variance") != -2.0 || r.Header.Get("ETag") != `"2"` {
		t.Fatalf("%s", r.Raw)
	}
	w.Want(t, 409, "shop_staff", "PUT", path+"/"+id+"/counts", counts, "If-Match", `"1"`)
	w.Receive(t, "after", 5)
	w.Want(t, 403, "shop_staff", "POST", path+"/"+id+"/close", nil)
	if r := w.Want(t, 200, "shop_manager", "POST", path+"/"+id+"/close", nil); r.Text("status") != "closed" {
		t.Fatalf("%s", r.Raw)
	}
	if r := w.Want(t, 200, "shop_staff", "GET", "/api/inventory/items/"+stock.ID(w.Mug, w.ShopA), nil); r.At("onHand") != 108.0 {
		t.Fatalf("100 and 5, two fewer than that, and 5: %s", r.Raw)
	}
	w.Want(t, 409, "shop_manager", "POST", path+"/"+id+"/cancel", nil)
	next := w.Want(t, 201, "shop_manager", "POST", path, map[string]any{"locationId": w.ShopA, "itemIds": []string{stock.ID(w.Mug, w.ShopA)}}).Text("id")
	w.Want(t, 200, "shop_manager", "POST", path+"/"+next+"/cancel", map[string]any{"reason": "rain"})
	for query, n := range map[string]int{"": 2, "?status=closed": 1, "?status=open": 0, "?locationId=" + w.ShopA: 2, "?locationId=" + w.ShopB: 0} {
		if r := w.Want(t, 200, "shop_staff", "GET", path+query, nil); len(r.List("items")) != n {
			t.Errorf("%s: %s", query, r.Raw)
		}
	}
}

func TestPurchasesByHTTP(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	const suppliers, path = "/api/inventory/suppliers", "/api/inventory/purchase-orders"
	body := map[string]any{
		"name": "Leaf & Co", "currency": "EUR", "leadTimeDays": 14,
		"offers": []any{map[string]any{"productId": w.Mug, "supplierSku": "LC-1", "cost": 4.25, "minQuantity": 10}},
	}
	made := w.Want(t, 201, "company_admin", "POST", suppliers, body, "Idempotency-Key", "s")
	from := made.Text("id")
	if r := w.Want(t, 200, "shop_manager", "GET", suppliers+"/"+from, nil); r.At("offers.0.cost") != 4.25 || r.Text("offers.0.variantId") != w.Mug || r.Header.Get("ETag") != `"1"` {
		t.Fatalf("%v %s", r.Header, r.Raw)
	}
	body["leadTimeDays"] = 7
	w.Want(t, 200, "company_admin", "PUT", suppliers+"/"+from, body, "If-Match", `"1"`)
	w.Want(t, 409, "company_admin", "PUT", suppliers+"/"+from, body, "If-Match", `"1"`)

	order := map[string]any{"supplierId": from, "locationId": w.ShopA, "tolerancePercent": 10, "lines": []any{map[string]any{"productId": w.Mug, "quantity": 20}}}
	first := w.Want(t, 201, "shop_manager", "POST", path, order, "Idempotency-Key", "p")
	id := first.Text("id")
	if again := w.Want(t, 201, "shop_manager", "POST", path, order, "Idempotency-Key", "p"); again.Text("id") != id {
		t.Fatal("made twice")
	}
	if first.At("lines.0.unitCost") != 4.25 || first.At("total") != 85.0 || first.Text("lines.0.supplierSku") != "LC-1" || first.Text("expectedAt") == "" || first.Text("number") != "" {
		t.Fatalf("%s", first.Raw)
	}
	terms := map[string]any{"lines": []any{map[string]any{"productId": w.Mug, "quantity": 10, "unitCost": 4.5}}, "tolerancePercent": 10, "expectedAt": "2030-01-02"}
	if r := w.Want(t, 200, "shop_manager", "PUT", path+"/"+id, terms, "If-Match", `"1"`); r.At("total") != 45.0 || r.Text("expectedAt") != "2030-01-02T00:00:00.000Z" {
		t.Fatalf("%s", r.Raw)
	}
	w.Want(t, 409, "shop_manager", "PUT", path+"/"+id, terms, "If-Match", `"1"`)
	ordered := w.Want(t, 200, "shop_manager", "POST", path+"/"+id+"/order", nil)
	if number := ordered.Text("number"); len(number) != len("PO-2026-000001") || number[7:] != "-000001" || ordered.Text("status") != "ordered" {
		t.Fatalf("%s", ordered.Raw)
	}
	part := map[string]any{"lines": []any{map[string]any{"variantId": w.Mug, "quantity": 4, "batch": "L1", "expiresOn": "2030-06-01"}}}
	for range 2 {
		if r := w.Want(t, 200, "shop_manager", "POST", path+"/"+id+"/receive", part, "Idempotency-Key", "d1"); r.Text("status") != "partially_received" || r.Text("receipts.0.lines.0.expiresOn") != "2030-06-01" {
			t.Fatalf("%s", r.Raw)
		}
	}
	over := map[string]any{"lines": []any{map[string]any{"variantId": w.Mug, "quantity": 8}}}
	if r := w.Want(t, 400, "shop_manager", "POST", path+"/"+id+"/receive", over); !apitest.Names(r, "lines[0].quantity") {
		t.Fatalf("12 of 10 and one in ten: %s", r.Raw)
	}
	last := map[string]any{"lines": []any{map[string]any{"variantId": w.Mug, "quantity": 7, "unitCost": 4.4}}}
	if r := w.Want(t, 200, "shop_manager", "POST", path+"/"+id+"/receive", last); r.Text("status") != "received" || r.At("lines.0.received") != 11.0 || r.At("receipts.1.lines.0.unitCost") != 4.4 {
		t.Fatalf("%s", r.Raw)
	}
	if r := w.Want(t, 200, "shop_staff", "GET", "/api/inventory/items/"+stock.ID(w.Mug, w.ShopA), nil); r.At("onHand") != 111.0 {
		t.Fatalf("%s", r.Raw)
	}
	w.Want(t, 409, "shop_manager", "POST", path+"/"+id+"/cancel", nil)
	for query, n := range map[string]int{"": 1, "?status=received": 1, "?status=draft": 0, "?supplierId=" + from: 1, "?locationId=" + w.ShopB: 0} {
		if r := w.Want(t, 200, "shop_staff", "GET", path+query, nil); len(r.List("items")) != n {
			t.Errorf("%s: %s", query, r.Raw)
		}
	}
	w.Want(t, 204, "company_admin", "DELETE", suppliers+"/"+from, nil)
	if r := w.Want(t, 404, "shop_manager", "POST", path, order); !apitest.Names(r, "supplierId") {
		t.Fatalf("of one who is deleted: %s", r.Raw)
	}
}
