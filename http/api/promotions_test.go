package api_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"entrepot/grains/product/productpb"

	"google.golang.org/protobuf/proto"
)

// TestPromotionLife: made, listed, changed with If-Match, ended.
func TestPromotionLife(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := map[string]any{"code": "welcome-10", "type": "percent", "percent": 10, "minimumSubtotal": 20, "currency": "EUR", "perCustomer": 1, "categories": []string{"kitchen"}}
	r := w.want(t, 201, "company_admin", "POST", "/api/cart/promotions", body, "Idempotency-Key", "p")
	if r.text("code") != "WELCOME-10" || r.at("minimumSubtotal") != 20.0 || r.text("status") != "active" || r.at("used") != 0.0 {
		t.Fatalf("%s", r.raw)
	}
	at, tag := r.header.Get("Location"), r.header.Get("ETag")
	w.want(t, 201, "company_admin", "POST", "/api/cart/promotions", body) // the same again
	body["percent"] = 20
	w.want(t, 409, "company_admin", "POST", "/api/cart/promotions", body)
	w.want(t, 403, "shop_manager", "POST", "/api/cart/promotions", map[string]any{"code": "MINE", "type": "percent", "percent": 10})
	w.want(t, 201, "shop_manager", "POST", "/api/cart/promotions", map[string]any{"code": "MINE", "type": "percent", "percent": 10, "shopIds": []string{w.shopA}})
	w.want(t, 201, "company_admin", "POST", "/api/cart/promotions", map[string]any{"code": "THEIRS", "type": "percent", "percent": 10, "shopIds": []string{w.shopB}})
	w.want(t, 404, "company_admin", "POST", "/api/cart/promotions", map[string]any{"code": "FOREIGN", "type": "percent", "percent": 10, "shopIds": []string{w.otherShop}})
	w.want(t, 400, "company_admin", "POST", "/api/cart/promotions", map[string]any{"code": "YEN", "type": "amount", "amount": 1.5, "currency": "JPY"})
	w.want(t, 400, "company_admin", "POST", "/api/cart/promotions", map[string]any{"code": "NONE", "type": "amount", "amount": 5})
	if r = w.want(t, 200, "company_admin", "GET", "/api/cart/promotions", nil); len(r.list("items")) != 3 {
		t.Fatalf("%s", r.raw)
	}
	if r = w.want(t, 200, "shop_staff", "GET", "/api/cart/promotions", nil); len(r.list("items")) != 2 {
		t.Fatalf("staff of one shop: %s", r.raw)
	}
	terms := map[string]any{"type": "percent", "percent": 20, "paused": true}
	w.want(t, 403, "shop_manager", "PUT", at, terms)
	w.want(t, 409, "company_admin", "PUT", at, terms, "If-Match", `"9"`)
	if r = w.want(t, 200, "company_admin", "PUT", at, terms, "If-Match", tag); r.text("status") != "paused" || r.at("minimumSubtotal") != nil {
		t.Fatalf("%s", r.raw)
	}
	if r = w.want(t, 200, "company_admin", "GET", "/api/cart/promotions?status=paused", nil); len(r.list("items")) != 1 {
		t.Fatalf("%s", r.raw)
	}
	w.want(t, 204, "company_admin", "DELETE", at, nil)
	w.want(t, 404, "company_admin", "GET", at, nil)
	w.want(t, 409, "company_admin", "POST", "/api/cart/promotions", body) // a code is not given twice
}

func (w *world) code(t testing.TB, body map[string]any) string {
	t.Helper()
	return w.want(t, 201, "company_admin", "POST", "/api/cart/promotions", body).header.Get("Location")
}

// TestCodesInTheCart: entered, shown with what they give, ordered, and used.
func TestCodesInTheCart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ten := w.code(t, map[string]any{"code": "TEN", "type": "percent", "percent": 10, "perCustomer": 1})
	w.code(t, map[string]any{"code": "FIVE", "type": "amount", "amount": 5, "currency": "EUR", "minimumSubtotal": 40, "productIds": []string{w.mug}})
	w.want(t, 409, "customer", "POST", "/api/cart/promo", map[string]any{"code": "TEN"}) // the cart is empty
	w.want(t, 201, "customer", "POST", "/api/cart/items", item(w.mug, 2))                // 39.98 in shop A
	w.want(t, 201, "customer", "POST", "/api/cart/items", item(w.cup, 1))                // 5.00 in shop B
	if r := w.want(t, 404, "customer", "POST", "/api/cart/promo", map[string]any{"code": "nothing"}); r.text("errors.0.field") != "code" {
		t.Fatalf("%s", r.raw)
	}
	if r := w.want(t, 409, "customer", "POST", "/api/cart/promo", map[string]any{"code": "FIVE"}); r.text("errors.0.rule") != "minimum" {
		t.Fatalf("%s", r.raw)
	}
	r := w.want(t, 200, "customer", "POST", "/api/cart/promo", map[string]any{"code": " ten "})
	if r.text("promoCodes.0") != "TEN" || r.at("promotions.0.discount") != 4.5 || r.at("promotions.0.applies") != true {
		t.Fatalf("%s", r.raw)
	}
	r = w.want(t, 200, "customer", "POST", "/api/cart/estimate", nil)
	// 44.98 less 4.00 and 0.50; 19 % of 35.98 and of 4.50.
	if r.at("pricing.discount") != 4.5 || r.at("pricing.tax") != 7.7 || r.at("pricing.total") != 48.18 || r.at("orders.0.pricing.discount") != 4.0 {
		t.Fatalf("%s", r.raw)
	}
	total := r.at("pricing.total")
	order := map[string]any{"shippingAddress": address, "expectedTotal": total}
	placed := w.want(t, 201, "customer", "POST", "/api/orders", order)
	if placed.at("pricing.discount") != 4.0 || placed.at("orders.1.pricing.discount") != 0.5 || placed.at("items.0.discount") != 4.0 || placed.text("promoCodes.0") != "TEN" {
		t.Fatalf("%s", placed.raw)
	}
	if r = w.want(t, 200, "company_admin", "GET", ten, nil); r.at("claimed") != 1.0 {
		t.Fatalf("%s", r.raw)
	}
	if r = w.want(t, 200, "customer", "GET", "/api/cart", nil); r.at("promoCodes") != nil {
		t.Fatalf("an ordered cart: %s", r.raw)
	}
	again := map[string]any{"items": []any{item(w.mug, 1)}, "promoCodes": []string{"TEN"}, "shippingAddress": address}
	if r = w.want(t, 409, "customer", "POST", "/api/orders", again); r.text("errors.0.field") != "promoCodes.TEN" || r.text("errors.0.rule") != "limit" {
		t.Fatalf("%s", r.raw)
	}
	w.want(t, 200, "customer", "POST", "/api/orders/"+placed.text("id")+"/cancel", map[string]any{})
	w.want(t, 200, "customer", "POST", "/api/orders/"+placed.text("orders.1.id")+"/cancel", map[string]any{})
	eventually(t, "the code is given back", func() bool {
		return w.call(t, "company_admin", "GET", ten, nil).at("claimed") == 0.0
	})
	w.want(t, 201, "customer", "POST", "/api/orders", again)
	unknown := map[string]any{"items": []any{item(w.mug, 1)}, "promoCodes": []string{"NOTHING"}, "shippingAddress": address}
	if r = w.want(t, 409, "customer", "POST", "/api/orders", unknown); r.text("errors.0.rule") != "exists" {
		t.Fatalf("%s", r.raw)
	}
}

// TestACodeOfACategoryAbove: what is below a category is in it.
func TestACodeOfACategoryAbove(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.want(t, 201, "company_admin", "POST", "/api/products/categories", map[string]any{"slug": "home", "title": "Home"})
	w.want(t, 201, "company_admin", "POST", "/api/products/categories", map[string]any{"slug": "kitchen", "title": "Kitchen", "parent": "home"})
	w.code(t, map[string]any{"code": "HOME", "type": "percent", "percent": 50, "categories": []string{"home"}})
	w.code(t, map[string]any{"code": "GARDEN", "type": "percent", "percent": 50, "categories": []string{"garden"}})
	w.want(t, 201, "customer", "POST", "/api/cart/items", item(w.cup, 1))
	if r := w.want(t, 200, "customer", "POST", "/api/cart/promo", map[string]any{"code": "HOME"}); r.at("promotions.0.discount") != 2.5 {
		t.Fatalf("%s", r.raw)
	}
	if r := w.want(t, 409, "customer", "POST", "/api/cart/promo", map[string]any{"code": "GARDEN"}); r.text("errors.0.rule") != "goods" {
		t.Fatalf("%s", r.raw)
	}
}

// TestSummary: what a storefront shows of a cart that lay a while.
func TestSummary(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.guest(t)
	add := func(product string, n int) {
		w.want(t, 201, "", "POST", "/api/cart/items", item(product, n), "Cart-Token", token)
	}
	if r := w.want(t, 200, "", "GET", "/api/cart/summary", nil, "Cart-Token", token); len(r.list("items")) != 0 {
		t.Fatalf("%s", r.raw)
	}
	add(w.mug, 2)
	add(w.cup, 101)
	gone := w.product(t, w.company, "GONE", 700, w.shopA)
	add(gone, 1)
	w.ask(t, productpb.Kind, w.mug, &productpb.Update{PriceMinor: proto.Int64(1500)})
	w.ask(t, productpb.Kind, gone, &productpb.Update{Status: proto.String("archived")})
	r := w.want(t, 200, "", "GET", "/api/cart/summary", nil, "Cart-Token", token)
	for path, want := range map[string]any{
		"items.0.price": 19.99, "items.0.priceNow": 15.0, "items.0.available": true, "items.0.notes.0": "price_lower", "items.0.inStock": nil,
		"items.1.priceNow": nil, "items.1.available": false, "items.1.inStock": 100.0, "items.1.notes.0": "low_stock",
		"items.2.available": false, "items.2.notes.0": "not_sold",
		"pricing.subtotal": 535.0, "orders.0.pricing.subtotal": 30.0, "total": 551.98,
	} {
		if got := r.at(path); got != want {
			t.Errorf("%s is %v, want %v: %s", path, got, want, r.raw)
		}
	}
	w.want(t, 404, "", "POST", "/api/cart/estimate", nil, "Cart-Token", token) // as the checkout would: a line is not sold
}

// TestTwoHundredUseOneCode: exactly as many checkouts as the code allows.
func TestTwoHundredUseOneCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := w.code(t, map[string]any{"code": "FEW", "type": "amount", "amount": 1, "currency": "EUR", "total": 7})
	body := map[string]any{"items": []any{map[string]any{"productId": w.mug, "shopId": w.shopB, "quantity": 1}}, "promoCodes": []string{"FEW"}, "shippingAddress": address}
	var placed, refused atomic.Int64
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			switch r := w.call(t, "customer", "POST", "/api/orders", body, "Idempotency-Key", fmt.Sprint("k", i)); {
			case r.status == 201 && r.at("pricing.discount") == 1.0:
				placed.Add(1)
			case r.status == 409 && r.text("errors.0.rule") == "limit":
				refused.Add(1)
			default:
				t.Errorf("%d %s", r.status, r.raw)
			}
		})
	}
	wg.Wait()
	if r := w.want(t, 200, "company_admin", "GET", at, nil); placed.Load() != 7 || r.at("claimed") != 7.0 {
		t.Fatalf("%d placed, %d refused: %s", placed.Load(), refused.Load(), r.raw)
	}
}

func TestACodeOutsideItsTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.code(t, map[string]any{"code": "SOON", "type": "percent", "percent": 10, "startsAt": time.Now().Add(time.Hour)})
	w.want(t, 201, "customer", "POST", "/api/cart/items", item(w.mug, 2))
	if r := w.want(t, 409, "customer", "POST", "/api/cart/promo", map[string]any{"code": "SOON"}); r.text("errors.0.rule") != "period" {
		t.Fatalf("%s", r.raw)
	}
	r := w.want(t, 200, "customer", "POST", "/api/cart/estimate", map[string]any{"promoCodes": []string{"SOON"}, "country": "DE", "postalCode": "20457"})
	if r.at("promotions.0.applies") != false || r.text("promotions.0.rule") != "period" || r.at("pricing.discount") != 0.0 {
		t.Fatalf("%s", r.raw)
	}
}
