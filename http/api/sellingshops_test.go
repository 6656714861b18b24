package api_test

import (
	"testing"
	"time"
)

// TestAClosedShopTakesNoOrders: once it is deactivated or deleted, neither an
// order nor a cart finds it, and a product is sold by the next of its shops.
func TestAClosedShopTakesNoOrders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := time.Now()
	w.deps.Now = func() time.Time { return now }
	w.mount()
	buy := func(status int, item map[string]any) *reply {
		t.Helper()
		item["quantity"] = 1
		return w.want(t, status, "customer", "POST", "/api/orders", map[string]any{"items": []any{item}, "shippingAddress": map[string]any{"line1": "a", "city": "b", "country": "DE"}})
	}
	if o := buy(201, map[string]any{"productId": w.mug}); o.text("shopId") != w.shopA {
		t.Fatalf("bought of %s", o.raw)
	}
	for _, close := range []func(){
		func() {
			w.want(t, 200, "company_admin", "PUT", "/api/shops/"+w.shopA, map[string]any{"name": "A", "isActive": false})
		},
		func() { w.want(t, 204, "company_admin", "DELETE", "/api/shops/"+w.shopA, nil) },
	} {
		close()
		now = now.Add(time.Second)
		if o := buy(201, map[string]any{"productId": w.mug}); o.text("shopId") != w.shopB {
			t.Errorf("bought of %s", o.raw)
		}
		if r := buy(409, map[string]any{"productId": w.mug, "shopId": w.shopA}); r.text("errors.0.field") != "items[0].shopId" {
			t.Errorf("bought of a closed shop: %s", r.raw)
		}
		if r := w.want(t, 409, "customer", "POST", "/api/cart/items", map[string]any{"productId": w.mug, "shopId": w.shopA, "quantity": 1}); r.text("errors.0.field") != "shopId" {
			t.Errorf("put into the cart of a closed shop: %s", r.raw)
		}
	}
	w.want(t, 204, "company_admin", "DELETE", "/api/shops/"+w.shopB, nil)
	now = now.Add(time.Second)
	buy(409, map[string]any{"productId": w.mug})
}
