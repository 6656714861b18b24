package api_test

import (
	"maps"
	"slices"
	"testing"

	"entrepot"
	"entrepot/grains/stock/stockpb"
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
		return w.want(t, 201, as, "POST", "/api/inventory/warehouses", map[string]any{"name": code, "code": code, "servesShopIds": []string{shop}}).text("id")
	}
	w.ids["warehouse"] = [places]string{
		warehouse("company_admin", "A", w.shopA), warehouse("company_admin", "B", w.shopB), warehouse("other_admin", "A", w.otherShop), none,
	}
	at := w.ids["warehouse"]
	transfer := func(as, product, from, to string, ship bool) string {
		id := w.want(t, 201, as, "POST", "/api/inventory/transfers", map[string]any{
			"fromLocationId": from, "toLocationId": to, "lines": []any{map[string]any{"productId": product, "quantity": 1}},
		}).text("id")
		if ship {
			w.want(t, 200, as, "POST", "/api/inventory/transfers/"+id+"/ship", nil)
		}
		return id
	}
	w.ids["transfer"] = [places]string{
		transfer("company_admin", w.mug, w.shopA, at[own], false), transfer("company_admin", w.cup, w.shopB, at[sibling], false),
		transfer("other_admin", w.otherMug, w.otherShop, at[other], false), none,
	}
	w.ids["delivery"] = [places]string{
		transfer("company_admin", w.mug, w.shopB, w.shopA, true), transfer("company_admin", w.cup, w.shopB, at[sibling], true),
		transfer("other_admin", w.otherMug, w.otherShop, at[other], true), none,
	}
	stocktake := func(as, product, shop string) string {
		id := w.want(t, 201, as, "POST", "/api/inventory/stocktakes", map[string]any{"locationId": shop}).text("id")
		w.want(t, 200, as, "PUT", "/api/inventory/stocktakes/"+id+"/counts", map[string]any{"counts": []any{map[string]any{"variantId": product, "counted": 99}}})
		return id
	}
	w.ids["stocktake"] = [places]string{
		stocktake("company_admin", w.mug, w.shopA), stocktake("company_admin", w.cup, w.shopB), stocktake("other_admin", w.otherMug, w.otherShop), none,
	}
	w.addPurchases(t, none)
}

func (w *matrix) addPurchases(t *testing.T, none string) {
	t.Helper()
	supplier := func(as, name string) string {
		return w.want(t, 201, as, "POST", "/api/inventory/suppliers", map[string]any{"name": name, "currency": "EUR"}).text("id")
	}
	ours, theirs := supplier("company_admin", "Leaf"), supplier("other_admin", "Pot")
	w.ids["supplier"] = [places]string{ours, supplier("company_admin", "Clay"), theirs, none}
	buy := func(as, from, product, shop string, order bool) string {
		id := w.want(t, 201, as, "POST", "/api/inventory/purchase-orders", map[string]any{
			"supplierId": from, "locationId": shop, "lines": []any{map[string]any{"productId": product, "quantity": 1, "unitCost": 1}},
		}).text("id")
		if order {
			w.want(t, 200, as, "POST", "/api/inventory/purchase-orders/"+id+"/order", nil)
		}
		return id
	}
	for thing, ordered := range map[string]bool{"purchase": false, "ordered purchase": true} {
		w.ids[thing] = [places]string{
			buy("company_admin", ours, w.mug, w.shopA, ordered), buy("company_admin", ours, w.cup, w.shopB, ordered),
			buy("other_admin", theirs, w.otherMug, w.otherShop, ordered), none,
		}
	}
}

func (w *matrix) transfers() []string { ids := w.ids["transfer"]; return ids[:] }

func TestTransfersByHTTP(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const path = "/api/inventory/transfers"
	body := map[string]any{"fromLocationId": w.shopA, "toLocationId": w.shopB, "note": "weekly", "lines": []any{map[string]any{"productId": w.mug, "quantity": 60}}}
	first := w.want(t, 201, "shop_manager", "POST", path, body, "Idempotency-Key", "t")
	id := first.text("id")
	if again := w.want(t, 201, "shop_manager", "POST", path, body, "Idempotency-Key", "t"); again.text("id") != id {
		t.Fatal("made twice")
	}
	if first.text("status") != "draft" || first.text("lines.0.sku") != "MUG" || first.text("lines.0.variantId") != w.mug || first.header.Get("ETag") != `"1"` {
		t.Fatalf("%v %s", first.header, first.raw)
	}
	lines := map[string]any{"lines": []any{map[string]any{"productId": w.mug, "quantity": 101}}}
	w.want(t, 200, "shop_manager", "PUT", path+"/"+id+"/lines", lines, "If-Match", `"1"`)
	w.want(t, 409, "shop_manager", "PUT", path+"/"+id+"/lines", lines, "If-Match", `"1"`)
	if r := w.want(t, 409, "shop_manager", "POST", path+"/"+id+"/ship", nil); r.text("code") != "out_of_stock" || !names(r, "lines[0].quantity") {
		t.Fatalf("101 of 100: %s", r.raw)
	}
	lines["lines"] = []any{map[string]any{"productId": w.mug, "quantity": 60}}
	w.want(t, 200, "shop_manager", "PUT", path+"/"+id+"/lines", lines)
	if r := w.want(t, 200, "shop_manager", "POST", path+"/"+id+"/ship", nil); r.text("status") != "in_transit" || r.at("lines.0.inTransit") != 60.0 {
		t.Fatalf("%s", r.raw)
	}
	onHand := func(shop string) any {
		return w.want(t, 200, "company_admin", "GET", "/api/inventory/items/"+stockpb.ID(w.mug, shop), nil).at("onHand")
	}
	if a, b := onHand(w.shopA), onHand(w.shopB); a != 40.0 || b != 100.0 {
		t.Fatalf("on hand %v and %v", a, b)
	}
	w.want(t, 403, "shop_manager", "POST", path+"/"+id+"/receive", map[string]any{"final": true})
	part := map[string]any{"lines": []any{map[string]any{"variantId": w.mug, "quantity": 50}}}
	for range 2 {
		w.want(t, 200, "company_admin", "POST", path+"/"+id+"/receive", part, "Idempotency-Key", "r1")
	}
	if r := w.want(t, 400, "company_admin", "POST", path+"/"+id+"/receive", part); !names(r, "lines[0].quantity") {
		t.Fatalf("50 of 10: %s", r.raw)
	}
	last := map[string]any{"lines": []any{map[string]any{"variantId": w.mug, "quantity": 9}}, "final": true, "reason": "broken"}
	r := w.want(t, 200, "company_admin", "POST", path+"/"+id+"/receive", last)
	if r.text("status") != "received" || r.at("lines.0.lost") != 1.0 || onHand(w.shopB) != 159.0 {
		t.Fatalf("%s", r.raw)
	}
	w.want(t, 409, "company_admin", "POST", path+"/"+id+"/cancel", nil)
	for query, n := range map[string]int{"": 1, "?status=received": 1, "?status=draft": 0, "?fromLocationId=" + w.shopA: 1, "?toLocationId=" + w.shopA: 0} {
		if r := w.want(t, 200, "shop_staff", "GET", path+query, nil); len(r.list("items")) != n {
			t.Errorf("%s: %s", query, r.raw)
		}
	}
	if r := w.want(t, 200, "other_admin", "GET", path, nil); len(r.list("items")) != 0 {
		t.Errorf("another company: %s", r.raw)
	}
}

func TestWarehousesServeShops(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := map[string]any{
		"name": "North", "code": "N1", "priority": 5, "servesShopIds": []string{w.shopA, w.shopB},
		"location": map[string]any{"city": "Hamburg", "coordinates": map[string]any{"lat": 53.5, "lng": 10}},
	}
	first := w.want(t, 201, "company_admin", "POST", "/api/inventory/warehouses", body, "Idempotency-Key", "n")
	again := w.want(t, 201, "company_admin", "POST", "/api/inventory/warehouses", body, "Idempotency-Key", "n")
	id := first.text("id")
	if again.text("id") != id || first.header.Get("Location") != "/api/inventory/warehouses/"+id || first.header.Get("ETag") != `"1"` {
		t.Fatalf("%v %s, again %s", first.header, first.raw, again.raw)
	}
	if r := w.want(t, 409, "company_admin", "POST", "/api/inventory/warehouses", body); !names(r, "code") {
		t.Fatalf("the code is taken: %s", r.raw)
	}
	sourcing := "/api/inventory/sourcing/" + w.shopA
	if r := w.want(t, 200, "shop_staff", "GET", sourcing, nil); r.text("locations.0.locationId") != w.shopA || r.text("locations.1.locationId") != id || r.text("strategy") != "priority" {
		t.Fatalf("sourcing: %s", r.raw)
	}
	r := w.want(t, 200, "company_admin", "PUT", sourcing, map[string]any{"strategy": "nearest", "shopPriority": 9})
	if r.text("locations.0.locationId") != id || r.at("locations.0.coordinates.lat") != 53.5 || r.header.Get("ETag") != `"1"` {
		t.Fatalf("%v %s", r.header, r.raw)
	}
	w.want(t, 200, "company_admin", "PUT", sourcing, map[string]any{"strategy": "most_stock"}, "If-Match", `"1"`)
	w.want(t, 409, "company_admin", "PUT", sourcing, map[string]any{"strategy": "nearest"}, "If-Match", `"1"`)

	path := "/api/inventory/warehouses/" + id
	body["servesShopIds"] = []string{w.shopB}
	w.want(t, 200, "company_admin", "PUT", path, body, "If-Match", `"1"`)
	w.want(t, 409, "company_admin", "PUT", path, body, "If-Match", `"1"`)
	w.want(t, 404, "shop_staff", "GET", path, nil)
	if r := w.want(t, 200, "shop_staff", "GET", sourcing, nil); len(r.list("locations")) != 1 {
		t.Fatalf("it serves shop A no more: %s", r.raw)
	}
	w.want(t, 204, "company_admin", "DELETE", path, nil)
	w.want(t, 404, "company_admin", "GET", path, nil)
	if r := w.want(t, 200, "company_admin", "GET", "/api/inventory/warehouses", nil); len(r.list("items")) != 0 {
		t.Fatalf("a deleted one is listed: %s", r.raw)
	}
}

func TestWarehouseLists(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	make := func(as, code, shop string, active bool) string {
		return w.want(t, 201, as, "POST", "/api/inventory/warehouses", map[string]any{
			"name": code, "code": code, "servesShopIds": []string{shop}, "isActive": active,
		}).text("id")
	}
	a, b := make("company_admin", "A", w.shopA, true), make("company_admin", "B", w.shopB, false)
	other := make("other_admin", "A", w.otherShop, true)
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
		{"super_admin", "?companyId=" + w.company, []string{a, b}},
		{"shop_staff", "?companyId=" + w.otherCompany, nil},
	} {
		got := map[string]bool{}
		for _, item := range w.want(t, 200, c.as, "GET", "/api/inventory/warehouses"+c.query, nil).list("items") {
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
	w := newWorld(t)
	const path = "/api/inventory/stocktakes"
	first := w.want(t, 201, "shop_manager", "POST", path, map[string]any{"locationId": w.shopA, "note": "May"}, "Idempotency-Key", "s")
	id := first.text("id")
	if again := w.want(t, 201, "shop_manager", "POST", path, map[string]any{"locationId": w.shopA, "note": "May"}, "Idempotency-Key", "s"); again.text("id") != id {
		t.Fatal("opened twice")
	}
	if len(first.list("lines")) != 1 || first.at("lines.0.onHandAtOpen") != 100.0 || first.at("lines.0.counted") != nil {
		t.Fatalf("%s", first.raw)
	}
	w.want(t, 409, "shop_manager", "POST", path, map[string]any{"locationId": w.shopA})
	w.receive(t, "before", 5)
	counts := map[string]any{"counts": []any{map[string]any{"variantId": w.mug, "counted": 103}}}
	r := w.want(t, 200, "shop_staff", "PUT", path+"/"+id+"/counts", counts, "If-Match", `"1"`)
	if r.at("lines.0.expected") != 105.0 || r.at("lines.0.variance") != -2.0 || r.header.Get("ETag") != `"2"` {
		t.Fatalf("%s", r.raw)
	}
	w.want(t, 409, "shop_staff", "PUT", path+"/"+id+"/counts", counts, "If-Match", `"1"`)
	w.receive(t, "after", 5)
	w.want(t, 403, "shop_staff", "POST", path+"/"+id+"/close", nil)
	if r := w.want(t, 200, "shop_manager", "POST", path+"/"+id+"/close", nil); r.text("status") != "closed" {
		t.Fatalf("%s", r.raw)
	}
	if r := w.want(t, 200, "shop_staff", "GET", "/api/inventory/items/"+stockpb.ID(w.mug, w.shopA), nil); r.at("onHand") != 108.0 {
		t.Fatalf("100 and 5, two fewer than that, and 5: %s", r.raw)
	}
	w.want(t, 409, "shop_manager", "POST", path+"/"+id+"/cancel", nil)
	next := w.want(t, 201, "shop_manager", "POST", path, map[string]any{"locationId": w.shopA, "itemIds": []string{stockpb.ID(w.mug, w.shopA)}}).text("id")
	w.want(t, 200, "shop_manager", "POST", path+"/"+next+"/cancel", map[string]any{"reason": "rain"})
	for query, n := range map[string]int{"": 2, "?status=closed": 1, "?status=open": 0, "?locationId=" + w.shopA: 2, "?locationId=" + w.shopB: 0} {
		if r := w.want(t, 200, "shop_staff", "GET", path+query, nil); len(r.list("items")) != n {
			t.Errorf("%s: %s", query, r.raw)
		}
	}
}

func TestPurchasesByHTTP(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const suppliers, path = "/api/inventory/suppliers", "/api/inventory/purchase-orders"
	body := map[string]any{
		"name": "Leaf & Co", "currency": "EUR", "leadTimeDays": 14,
		"offers": []any{map[string]any{"productId": w.mug, "supplierSku": "LC-1", "cost": 4.25, "minQuantity": 10}},
	}
	made := w.want(t, 201, "company_admin", "POST", suppliers, body, "Idempotency-Key", "s")
	from := made.text("id")
	if r := w.want(t, 200, "shop_manager", "GET", suppliers+"/"+from, nil); r.at("offers.0.cost") != 4.25 || r.text("offers.0.variantId") != w.mug || r.header.Get("ETag") != `"1"` {
		t.Fatalf("%v %s", r.header, r.raw)
	}
	body["leadTimeDays"] = 7
	w.want(t, 200, "company_admin", "PUT", suppliers+"/"+from, body, "If-Match", `"1"`)
	w.want(t, 409, "company_admin", "PUT", suppliers+"/"+from, body, "If-Match", `"1"`)

	order := map[string]any{"supplierId": from, "locationId": w.shopA, "tolerancePercent": 10, "lines": []any{map[string]any{"productId": w.mug, "quantity": 20}}}
	first := w.want(t, 201, "shop_manager", "POST", path, order, "Idempotency-Key", "p")
	id := first.text("id")
	if again := w.want(t, 201, "shop_manager", "POST", path, order, "Idempotency-Key", "p"); again.text("id") != id {
		t.Fatal("made twice")
	}
	if first.at("lines.0.unitCost") != 4.25 || first.at("total") != 85.0 || first.text("lines.0.supplierSku") != "LC-1" || first.text("expectedAt") == "" || first.text("number") != "" {
		t.Fatalf("%s", first.raw)
	}
	terms := map[string]any{"lines": []any{map[string]any{"productId": w.mug, "quantity": 10, "unitCost": 4.5}}, "tolerancePercent": 10, "expectedAt": "2030-01-02"}
	if r := w.want(t, 200, "shop_manager", "PUT", path+"/"+id, terms, "If-Match", `"1"`); r.at("total") != 45.0 || r.text("expectedAt") != "2030-01-02T00:00:00.000Z" {
		t.Fatalf("%s", r.raw)
	}
	w.want(t, 409, "shop_manager", "PUT", path+"/"+id, terms, "If-Match", `"1"`)
	ordered := w.want(t, 200, "shop_manager", "POST", path+"/"+id+"/order", nil)
	if number := ordered.text("number"); len(number) != len("PO-2026-000001") || number[7:] != "-000001" || ordered.text("status") != "ordered" {
		t.Fatalf("%s", ordered.raw)
	}
	part := map[string]any{"lines": []any{map[string]any{"variantId": w.mug, "quantity": 4, "batch": "L1", "expiresOn": "2030-06-01"}}}
	for range 2 {
		if r := w.want(t, 200, "shop_manager", "POST", path+"/"+id+"/receive", part, "Idempotency-Key", "d1"); r.text("status") != "partially_received" || r.text("receipts.0.lines.0.expiresOn") != "2030-06-01" {
			t.Fatalf("%s", r.raw)
		}
	}
	over := map[string]any{"lines": []any{map[string]any{"variantId": w.mug, "quantity": 8}}}
	if r := w.want(t, 400, "shop_manager", "POST", path+"/"+id+"/receive", over); !names(r, "lines[0].quantity") {
		t.Fatalf("12 of 10 and one in ten: %s", r.raw)
	}
	last := map[string]any{"lines": []any{map[string]any{"variantId": w.mug, "quantity": 7, "unitCost": 4.4}}}
	if r := w.want(t, 200, "shop_manager", "POST", path+"/"+id+"/receive", last); r.text("status") != "received" || r.at("lines.0.received") != 11.0 || r.at("receipts.1.lines.0.unitCost") != 4.4 {
		t.Fatalf("%s", r.raw)
	}
	if r := w.want(t, 200, "shop_staff", "GET", "/api/inventory/items/"+stockpb.ID(w.mug, w.shopA), nil); r.at("onHand") != 111.0 {
		t.Fatalf("%s", r.raw)
	}
	w.want(t, 409, "shop_manager", "POST", path+"/"+id+"/cancel", nil)
	for query, n := range map[string]int{"": 1, "?status=received": 1, "?status=draft": 0, "?supplierId=" + from: 1, "?locationId=" + w.shopB: 0} {
		if r := w.want(t, 200, "shop_staff", "GET", path+query, nil); len(r.list("items")) != n {
			t.Errorf("%s: %s", query, r.raw)
		}
	}
	w.want(t, 204, "company_admin", "DELETE", suppliers+"/"+from, nil)
	if r := w.want(t, 404, "shop_manager", "POST", path, order); !names(r, "supplierId") {
		t.Fatalf("of one who is deleted: %s", r.raw)
	}
}

func (w *world) badLogistics() []bad {
	id := entrepot.NewID()
	transfer := func(from, to, product string) string {
		return `{"fromLocationId":"` + from + `","toLocationId":"` + to + `","lines":[{"productId":"` + product + `","quantity":1}]}`
	}
	return []bad{
		{"company_admin", "POST", "/api/inventory/warehouses", `{"name":"A","code":"A","servesShopIds":["x"]}`, 400, "servesShopIds[0]"},
		{"company_admin", "POST", "/api/inventory/warehouses", `{"name":"A","code":"A","servesShopIds":["` + id + `"]}`, 404, "servesShopIds[0]"},
		{"company_admin", "POST", "/api/inventory/warehouses", `{"name":"A","code":"A","servesShopIds":["` + w.otherShop + `"]}`, 404, "servesShopIds[0]"},
		{"company_admin", "POST", "/api/inventory/warehouses", `{"name":"A","code":"A","servesShopIds":["` + w.shopA + `","` + w.shopA + `"]}`, 400, "servesShopIds"},
		{"company_admin", "POST", "/api/inventory/warehouses", `{"name":"A","code":"a b"}`, 400, "code"},
		{"company_admin", "POST", "/api/inventory/warehouses", `{"name":"A","code":"A","location":{"coordinates":{"lat":91,"lng":0}}}`, 400, "location.coordinates.lat"},
		{"company_admin", "POST", "/api/inventory/warehouses", `{"name":" ","code":"A"}`, 400, "name"},
		{"company_admin", "GET", "/api/inventory/warehouses?isActive=x", "", 400, "isActive"},
		{"company_admin", "PUT", "/api/inventory/sourcing/x", `{"strategy":"nearest"}`, 404, ""},
		{"company_admin", "PUT", "/api/inventory/sourcing/" + w.shopA, `{"strategy":"x"}`, 400, "strategy"},
		{"shop_manager", "POST", "/api/inventory/transfers", transfer(w.shopA, w.shopA, w.mug), 400, "toLocationId"},
		{"shop_manager", "POST", "/api/inventory/transfers", transfer(w.shopA, id, w.mug), 404, "toLocationId"},
		{"shop_manager", "POST", "/api/inventory/transfers", transfer(w.otherShop, w.shopA, w.mug), 404, "fromLocationId"},
		{"company_admin", "POST", "/api/inventory/transfers", transfer(w.shopA, w.shopB, id), 404, "lines[0].productId"},
		{"company_admin", "POST", "/api/inventory/transfers", transfer(w.shopA, w.shopB, w.otherMug), 404, "lines[0].productId"},
		{"company_admin", "POST", "/api/inventory/transfers", transfer(w.shopA, w.shopB, w.mug+`","variantId":"`+id), 404, "lines[0].variantId"},
		{"company_admin", "POST", "/api/inventory/transfers", transfer(w.shopA, w.shopB, w.mug+`","quantity":1},{"productId":"`+w.mug), 400, "lines[1].variantId"},
		{"company_admin", "POST", "/api/inventory/transfers", `{"fromLocationId":"` + w.shopA + `","toLocationId":"` + w.shopB + `","lines":[]}`, 400, "lines"},
		{"company_admin", "POST", "/api/inventory/transfers/" + id + "/ship", `{}`, 404, ""},
		{"company_admin", "GET", "/api/inventory/transfers?status=lost", "", 400, "status"},
		{"shop_manager", "POST", "/api/inventory/stocktakes", `{"locationId":"` + w.shopB + `"}`, 404, "locationId"},
		{"shop_manager", "POST", "/api/inventory/stocktakes", `{"locationId":"` + w.shopA + `","itemIds":["x"]}`, 400, "itemIds[0]"},
		{"company_admin", "POST", "/api/inventory/stocktakes", `{"locationId":"` + w.shopA + `","itemIds":["` + stockpb.ID(w.mug, w.shopB) + `"]}`, 404, "itemIds[0]"},
		{"company_admin", "PUT", "/api/inventory/stocktakes/" + id + "/counts", `{"counts":[]}`, 400, "counts"},
		{"company_admin", "POST", "/api/inventory/suppliers", `{"name":"A","currency":"eur"}`, 400, "currency"},
		{"company_admin", "POST", "/api/inventory/suppliers", `{"name":"A","currency":"EUR","offers":[{"productId":"` + w.mug + `","cost":1.999}]}`, 400, "offers[0].cost"},
		{"company_admin", "POST", "/api/inventory/suppliers", `{"name":"A","currency":"EUR","offers":[{"productId":"` + w.otherMug + `","cost":1}]}`, 404, "offers[0].productId"},
		{"shop_manager", "POST", "/api/inventory/purchase-orders", `{"supplierId":"` + id + `","locationId":"` + w.shopA + `","lines":[{"productId":"` + w.mug + `","quantity":1}]}`, 404, "supplierId"},
		{"shop_manager", "POST", "/api/inventory/purchase-orders", `{"supplierId":"` + id + `","locationId":"` + w.shopB + `","lines":[{"productId":"` + w.mug + `","quantity":1}]}`, 404, "locationId"},
		{"shop_manager", "POST", "/api/inventory/purchase-orders", `{"supplierId":"` + id + `","locationId":"` + w.shopA + `","lines":[],"expectedAt":"soon"}`, 400, "expectedAt"},
		{"shop_manager", "POST", "/api/inventory/purchase-orders/" + id + "/receive", `{"final":true}`, 404, ""},
		{"company_admin", "PUT", "/api/inventory/stocktakes/" + id + "/counts", `{"counts":[{"variantId":"` + id + `","counted":-1}]}`, 400, "counts[0].counted"},
	}
}
