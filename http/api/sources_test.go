package api_test

import (
	"testing"

	"entrepot/grains/stock/stockpb"
)

// A shop that a warehouse serves sells what lies there too, and the order says
// where its pieces come from.
func TestAnOrderFromSeveralLocations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	warehouse := func(code string, lat, lng float64) string {
		id := w.want(t, 201, "company_admin", "POST", "/api/inventory/warehouses", map[string]any{
			"name": code, "code": code, "servesShopIds": []string{w.shopA}, "priority": 5,
			"location": map[string]any{"coordinates": map[string]any{"lat": lat, "lng": lng}},
		}).text("id")
		w.want(t, 201, "company_admin", "POST", "/api/inventory/items", map[string]any{"productId": w.mug, "locationId": id, "quantity": 30, "reason": "purchase"})
		return id
	}
	north, south := warehouse("N", 54.3, 10.1), warehouse("S", 48.1, 11.6)
	w.want(t, 404, "shop_manager", "POST", "/api/inventory/items", map[string]any{"productId": w.mug, "locationId": north, "quantity": 1, "reason": "purchase"})
	w.want(t, 404, "other_admin", "POST", "/api/inventory/items", map[string]any{"productId": w.otherMug, "locationId": north, "quantity": 1, "reason": "purchase"})
	for field, body := range map[string]map[string]any{
		"shopId":     {"productId": w.mug, "quantity": 1, "reason": "a"},
		"locationId": {"productId": w.mug, "quantity": 1, "reason": "a", "shopId": w.shopA, "locationId": north},
	} {
		if r := w.want(t, 400, "company_admin", "POST", "/api/inventory/items", body); r.text("errors.0.field") != field {
			t.Errorf("%v answered %s", body, r.raw)
		}
	}
	place := func(quantity int, coordinates map[string]any) *reply {
		to := map[string]any{"line1": "a", "city": "b", "country": "DE"}
		if coordinates != nil {
			to["coordinates"] = coordinates
		}
		return w.call(t, "customer", "POST", "/api/orders", map[string]any{
			"items": []map[string]any{{"productId": w.mug, "shopId": w.shopA, "quantity": quantity}}, "shippingAddress": to,
		})
	}
	r := place(120, nil) // the shop has 100
	if r.status != 201 || r.at("items.0.allocations.0.quantity") != 100.0 || r.text("items.0.allocations.0.locationId") != w.shopA || r.at("items.0.allocations.1.quantity") != 20.0 {
		t.Fatalf("%d %s", r.status, r.raw)
	}
	if r := place(41, nil); r.status != 409 || r.text("errors.0.field") != "items[0].quantity" {
		t.Fatalf("more than all locations have: %d %s", r.status, r.raw)
	}
	w.want(t, 200, "company_admin", "PUT", "/api/inventory/sourcing/"+w.shopA, map[string]any{"strategy": "nearest"})
	w.deps.Log = nil
	w.mount() // forgets what it knew of the sourcing
	for want, at := range map[string]map[string]any{north: {"lat": 53.5, "lng": 9.9}, south: {"lat": 48.0, "lng": 11.0}} {
		if r := place(1, at); r.status != 201 || r.text("items.0.allocations.0.locationId") != want {
			t.Fatalf("nearest to %v: %d %s", at, r.status, r.raw)
		}
	}
	// A shop that sends everything itself is as it was.
	if r := w.want(t, 201, "customer", "POST", "/api/orders", map[string]any{
		"items": []map[string]any{{"productId": w.cup, "quantity": 1}}, "shippingAddress": address,
	}); r.at("items.0.allocations") != nil {
		t.Errorf("%s", r.raw)
	}
	if l := w.want(t, 200, "company_admin", "GET", "/api/inventory/items/"+stockpb.ID(w.mug, south), nil); l.at("reserved") == nil {
		t.Errorf("%s", l.raw)
	}
}
