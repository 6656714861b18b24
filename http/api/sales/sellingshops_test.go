package sales_test

import (
	"testing"
	"time"

	"entrepot/http/api/apitest"
)

// A deactivated or deleted shop sells neither to orders nor to carts, and the product
// is sold by the next of its shops.
func TestAClosedShopTakesNoOrders(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	now := time.Now()
	w.Deps.Now = func() time.Time { return now }
	w.Mount()
	buy := func(status int, item map[string]any) *apitest.Reply {
		t.Helper()
		item["quantity"] = 1
		return w.Want(
			t, status, "customer", "POST", "/api/orders",
			map[string]any{"items": []any{item}, "shippingAddress": map[string]any{"line1": "a", "city": "b", "country": "DE"}},
		)
	}
	if o := buy(201, map[string]any{"productId": w.Mug}); o.Text("shopId") != w.ShopA {
		t.Fatalf("bought of %s", o.Raw)
	}
	for _, close := range []func(){
		func() {
			w.Want(t, 200, "company_admin", "PUT", "/api/shops/"+w.ShopA, map[string]any{"name": "A", "isActive": false})
		},
		func() { w.Want(t, 204, "company_admin", "DELETE", "/api/shops/"+w.ShopA, nil) },
	} {
		close()
		now = now.Add(time.Second)
		if o := buy(201, map[string]any{"productId": w.Mug}); o.Text("shopId") != w.ShopB {
			t.Errorf("bought of %s", o.Raw)
		}
		if r := buy(
			409, map[string]any{"productId": w.Mug, "shopId": w.ShopA},
		); r.Text("errors.0.field") != "items[0].shopId" {
			t.Errorf("bought of a closed shop: %s", r.Raw)
		}
		if r := w.Want(
			t, 409, "customer", "POST", "/api/cart/items",
			map[string]any{"productId": w.Mug, "shopId": w.ShopA, "quantity": 1},
		); r.Text("errors.0.field") != "shopId" {
			t.Errorf("put into the cart of a closed shop: %s", r.Raw)
		}
	}
	w.Want(t, 204, "company_admin", "DELETE", "/api/shops/"+w.ShopB, nil)
	now = now.Add(time.Second)
	buy(409, map[string]any{"productId": w.Mug})
}
