package sales_test

import (
	"testing"

	"entrepot/grains/inventory/stock"
	"entrepot/http/api/apitest"
)

// A shop sells the stock of the warehouses that serve it, and the order lists the
// places that its pieces come from.
func TestAnOrderFromSeveralLocations(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	warehouse := func(code string, lat, lng float64) string {
		id := w.Want(t, 201, "company_admin", "POST", "/api/inventory/warehouses", map[string]any{
			"name": code, "code": code, "servesShopIds": []string{w.ShopA}, "priority": 5,
			"location": map[string]any{"coordinates": map[string]any{"lat": lat, "lng": lng}},
		}).Text("id")
		w.Want(
			t, 201, "company_admin", "POST", "/api/inventory/items",
			map[string]any{"productId": w.Mug, "locationId": id, "quantity": 30, "reason": "purchase"},
		)
		return id
	}
	north, south := warehouse("N", 54.3, 10.1), warehouse("S", 48.1, 11.6)
	w.Want(
		t, 404, "shop_manager", "POST", "/api/inventory/items",
		map[string]any{"productId": w.Mug, "locationId": north, "quantity": 1, "reason": "purchase"},
	)
	w.Want(
		t, 404, "other_admin", "POST", "/api/inventory/items",
		map[string]any{"productId": w.OtherMug, "locationId": north, "quantity": 1, "reason": "purchase"},
	)
	for field, body := range map[string]map[string]any{
		"shopId":     {"productId": w.Mug, "quantity": 1, "reason": "a"},
		"locationId": {"productId": w.Mug, "quantity": 1, "reason": "a", "shopId": w.ShopA, "locationId": north},
	} {
		if r := w.Want(t, 400, "company_admin", "POST", "/api/inventory/items", body); r.Text("errors.0.field") != field {
			t.Errorf("%v answered %s", body, r.Raw)
		}
	}
	place := func(quantity int, coordinates map[string]any) *apitest.Reply {
		to := map[string]any{"line1": "a", "city": "b", "country": "DE"}
		if coordinates != nil {
			to["coordinates"] = coordinates
		}
		return w.Call(t, "customer", "POST", "/api/orders", map[string]any{
			"items": []map[string]any{{"productId": w.Mug, "shopId": w.ShopA, "quantity": quantity}}, "shippingAddress": to,
		})
	}
	r := place(120, nil) // the shop has 100
	if r.Status != 201 || r.At("items.0.allocations.0.quantity") != 100.0 ||
		r.Text("items.0.allocations.0.locationId") != w.ShopA || r.At("items.0.allocations.1.quantity") != 20.0 {
		t.Fatalf("%d %s", r.Status, r.Raw)
	}
	if r := place(41, nil); r.Status != 409 || r.Text("errors.0.field") != "items[0].quantity" {
		t.Fatalf("more than all locations have: %d %s", r.Status, r.Raw)
	}
	w.Want(t, 200, "company_admin", "PUT", "/api/inventory/sourcing/"+w.ShopA, map[string]any{"strategy": "nearest"})
	w.Deps.Log = nil
	w.Mount() // forgets what it knew of the sourcing
	for want, at := range map[string]map[string]any{north: {"lat": 53.5, "lng": 9.9}, south: {"lat": 48.0, "lng": 11.0}} {
		if r := place(1, at); r.Status != 201 || r.Text("items.0.allocations.0.locationId") != want {
			t.Fatalf("nearest to %v: %d %s", at, r.Status, r.Raw)
		}
	}
	// A shop that sends everything itself is as it was.
	if r := w.Want(t, 201, "customer", "POST", "/api/orders", map[string]any{
		"items": []map[string]any{{"productId": w.Cup, "quantity": 1}}, "shippingAddress": apitest.Address,
	}); r.At("items.0.allocations") != nil {
		t.Errorf("%s", r.Raw)
	}
	if l := w.Want(
		t, 200, "company_admin", "GET", "/api/inventory/items/"+stock.ID(w.Mug, south), nil,
	); l.At("reserved") == nil {
		t.Errorf("%s", l.Raw)
	}
}
