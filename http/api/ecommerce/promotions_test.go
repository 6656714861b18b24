package ecommerce_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"entrepot/grains/ecommerce/product"
	"entrepot/http/api/apitest"
)

// TestPromotionLife: made, listed, changed with If-Match, ended.
func TestPromotionLife(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	body := map[string]any{"code": "welcome-10", "type": "percent", "percent": 10, "minimumSubtotal": 20, "currency": "EUR", "perCustomer": 1, "categories": []string{"kitchen"}}
	r := w.Want(t, 201, "company_admin", "POST", "/api/cart/promotions", body, "Idempotency-Key", "p")
	if r.Text("code") != "WELCOME-10" || r.At("minimumSubtotal") != 20.0 || r.Text("status") != "active" || r.At("used") != 0.0 {
		t.Fatalf("%s", r.Raw)
	}
	at, tag := r.Header.Get("Location"), r.Header.Get("ETag")
	w.Want(t, 201, "company_admin", "POST", "/api/cart/promotions", body) // the same again
	body["percent"] = 20
	w.Want(t, 409, "company_admin", "POST", "/api/cart/promotions", body)
	w.Want(t, 403, "shop_manager", "POST", "/api/cart/promotions", map[string]any{"code": "MINE", "type": "percent", "percent": 10})
	w.Want(t, 201, "shop_manager", "POST", "/api/cart/promotions", map[string]any{"code": "MINE", "type": "percent", "percent": 10, "shopIds": []string{w.ShopA}})
	w.Want(t, 201, "company_admin", "POST", "/api/cart/promotions", map[string]any{"code": "THEIRS", "type": "percent", "percent": 10, "shopIds": []string{w.ShopB}})
	w.Want(t, 404, "company_admin", "POST", "/api/cart/promotions", map[string]any{"code": "FOREIGN", "type": "percent", "percent": 10, "shopIds": []string{w.OtherShop}})
	w.Want(t, 400, "company_admin", "POST", "/api/cart/promotions", map[string]any{"code": "YEN", "type": "amount", "amount": 1.5, "currency": "JPY"})
	w.Want(t, 400, "company_admin", "POST", "/api/cart/promotions", map[string]any{"code": "NONE", "type": "amount", "amount": 5})
	if r = w.Want(t, 200, "company_admin", "GET", "/api/cart/promotions", nil); len(r.List("items")) != 3 {
		t.Fatalf("%s", r.Raw)
	}
	if r = w.Want(t, 200, "shop_staff", "GET", "/api/cart/promotions", nil); len(r.List("items")) != 2 {
		t.Fatalf("staff of one shop: %s", r.Raw)
	}
	terms := map[string]any{"type": "percent", "percent": 20, "paused": true}
	w.Want(t, 403, "shop_manager", "PUT", at, terms)
	w.Want(t, 409, "company_admin", "PUT", at, terms, "If-Match", `"9"`)
	if r = w.Want(t, 200, "company_admin", "PUT", at, terms, "If-Match", tag); r.Text("status") != "paused" || r.At("minimumSubtotal") != nil {
		t.Fatalf("%s", r.Raw)
	}
	if r = w.Want(t, 200, "company_admin", "GET", "/api/cart/promotions?status=paused", nil); len(r.List("items")) != 1 {
		t.Fatalf("%s", r.Raw)
	}
	w.Want(t, 204, "company_admin", "DELETE", at, nil)
	w.Want(t, 404, "company_admin", "GET", at, nil)
	w.Want(t, 409, "company_admin", "POST", "/api/cart/promotions", body) // a code is not given twice
}

// TestCodesInTheCart: entered, shown with what they give, ordered, and used.
func TestCodesInTheCart(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	ten := w.Code(t, map[string]any{"code": "TEN", "type": "percent", "percent": 10, "perCustomer": 1})
	w.Code(t, map[string]any{"code": "FIVE", "type": "amount", "amount": 5, "currency": "EUR", "minimumSubtotal": 40, "productIds": []string{w.Mug}})
	w.Want(t, 409, "customer", "POST", "/api/cart/promo", map[string]any{"code": "TEN"}) // the cart is empty
	w.Want(t, 201, "customer", "POST", "/api/cart/items", apitest.Item(w.Mug, 2))        // 39.98 in shop A
	w.Want(t, 201, "customer", "POST", "/api/cart/items", apitest.Item(w.Cup, 1))        // 5.00 in shop B
	if r := w.Want(t, 404, "customer", "POST", "/api/cart/promo", map[string]any{"code": "nothing"}); r.Text("errors.0.field") != "code" {
		t.Fatalf("%s", r.Raw)
	}
	if r := w.Want(t, 409, "customer", "POST", "/api/cart/promo", map[string]any{"code": "FIVE"}); r.Text("errors.0.rule") != "minimum" {
		t.Fatalf("%s", r.Raw)
	}
	r := w.Want(t, 200, "customer", "POST", "/api/cart/promo", map[string]any{"code": " ten "})
	if r.Text("promoCodes.0") != "TEN" || r.At("promotions.0.discount") != 4.5 || r.At("promotions.0.applies") != true {
		t.Fatalf("%s", r.Raw)
	}
	r = w.Want(t, 200, "customer", "POST", "/api/cart/estimate", nil)
	// 44.98 less 4.00 and 0.50; 19 % of 35.98 and of 4.50.
	if r.At("pricing.discount") != 4.5 || r.At("pricing.tax") != 7.7 || r.At("pricing.total") != 48.18 || r.At("orders.0.pricing.discount") != 4.0 {
		t.Fatalf("%s", r.Raw)
	}
	total := r.At("pricing.total")
	order := map[string]any{"shippingAddress": apitest.Address, "expectedTotal": total}
	placed := w.Want(t, 201, "customer", "POST", "/api/orders", order)
	if placed.At("pricing.discount") != 4.0 || placed.At("orders.1.pricing.discount") != 0.5 || placed.At("items.0.discount") != 4.0 || placed.Text("promoCodes.0") != "TEN" {
		t.Fatalf("%s", placed.Raw)
	}
	if r = w.Want(t, 200, "company_admin", "GET", ten, nil); r.At("claimed") != 1.0 {
		t.Fatalf("%s", r.Raw)
	}
	if r = w.Want(t, 200, "customer", "GET", "/api/cart", nil); r.At("promoCodes") != nil {
		t.Fatalf("an ordered cart: %s", r.Raw)
	}
	again := map[string]any{"items": []any{apitest.Item(w.Mug, 1)}, "promoCodes": []string{"TEN"}, "shippingAddress": apitest.Address}
	if r = w.Want(t, 409, "customer", "POST", "/api/orders", again); r.Text("errors.0.field") != "promoCodes.TEN" || r.Text("errors.0.rule") != "limit" {
		t.Fatalf("%s", r.Raw)
	}
	w.Want(t, 200, "customer", "POST", "/api/orders/"+placed.Text("id")+"/cancel", map[string]any{})
	w.Want(t, 200, "customer", "POST", "/api/orders/"+placed.Text("orders.1.id")+"/cancel", map[string]any{})
	apitest.Eventually(t, "the code is given back", func() bool {
		return w.Call(t, "company_admin", "GET", ten, nil).At("claimed") == 0.0
	})
	w.Want(t, 201, "customer", "POST", "/api/orders", again)
	unknown := map[string]any{"items": []any{apitest.Item(w.Mug, 1)}, "promoCodes": []string{"NOTHING"}, "shippingAddress": apitest.Address}
	if r = w.Want(t, 409, "customer", "POST", "/api/orders", unknown); r.Text("errors.0.rule") != "exists" {
		t.Fatalf("%s", r.Raw)
	}
}

// TestACodeOfACategoryAbove: what is below a category is in it.
func TestACodeOfACategoryAbove(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	w.Want(t, 201, "company_admin", "POST", "/api/products/categories", map[string]any{"slug": "home", "title": "Home"})
	w.Want(t, 201, "company_admin", "POST", "/api/products/categories", map[string]any{"slug": "kitchen", "title": "Kitchen", "parent": "home"})
	w.Code(t, map[string]any{"code": "HOME", "type": "percent", "percent": 50, "categories": []string{"home"}})
	w.Code(t, map[string]any{"code": "GARDEN", "type": "percent", "percent": 50, "categories": []string{"garden"}})
	w.Want(t, 201, "customer", "POST", "/api/cart/items", apitest.Item(w.Cup, 1))
	if r := w.Want(t, 200, "customer", "POST", "/api/cart/promo", map[string]any{"code": "HOME"}); r.At("promotions.0.discount") != 2.5 {
		t.Fatalf("%s", r.Raw)
	}
	if r := w.Want(t, 409, "customer", "POST", "/api/cart/promo", map[string]any{"code": "GARDEN"}); r.Text("errors.0.rule") != "goods" {
		t.Fatalf("%s", r.Raw)
	}
}

// TestSummary: what a storefront shows of a cart that lay a while.
func TestSummary(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	token := w.Guest(t)
	add := func(product string, n int) {
		w.Want(t, 201, "", "POST", "/api/cart/items", apitest.Item(product, n), "Cart-Token", token)
	}
	if r := w.Want(t, 200, "", "GET", "/api/cart/summary", nil, "Cart-Token", token); len(r.List("items")) != 0 {
		t.Fatalf("%s", r.Raw)
	}
	add(w.Mug, 2)
	add(w.Cup, 101)
	gone := w.Product(t, w.Company, "GONE", 700, w.ShopA)
	add(gone, 1)
	w.Tell(t, product.Name, w.Mug, product.Update{Price: new(int64(1500))})
	w.Tell(t, product.Name, gone, product.Update{Status: new("archived")})
	r := w.Want(t, 200, "", "GET", "/api/cart/summary", nil, "Cart-Token", token)
	for path, want := range map[string]any{
		"items.0.price": 19.99, "items.0.priceNow": 15.0, "items.0.available": true, "items.0.notes.0": "price_lower", "items.0.inStock": nil,
		"items.1.priceNow": nil, "items.1.available": false, "items.1.inStock": 100.0, "items.1.notes.0": "low_stock",
		"items.2.available": false, "items.2.notes.0": "not_sold",
		"pricing.subtotal": 535.0, "orders.0.pricing.subtotal": 30.0, "total": 551.98,
	} {
		if got := r.At(path); got != want {
			t.Errorf("%s is %v, want %v: %s", path, got, want, r.Raw)
		}
	}
	w.Want(t, 404, "", "POST", "/api/cart/estimate", nil, "Cart-Token", token) // as the checkout would: a line is not sold
}

// TestTwoHundredUseOneCode: exactly as many checkouts as the code allows.
func TestTwoHundredUseOneCode(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	at := w.Code(t, map[string]any{"code": "FEW", "type": "amount", "amount": 1, "currency": "EUR", "total": 7})
	body := map[string]any{"items": []any{map[string]any{"productId": w.Mug, "shopId": w.ShopB, "quantity": 1}}, "promoCodes": []string{"FEW"}, "shippingAddress": apitest.Address}
	var placed, refused atomic.Int64
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			switch r := w.Call(t, "customer", "POST", "/api/orders", body, "Idempotency-Key", fmt.Sprint("k", i)); {
			case r.Status == 201 && r.At("pricing.discount") == 1.0:
				placed.Add(1)
			case r.Status == 409 && r.Text("errors.0.rule") == "limit":
				refused.Add(1)
			default:
				t.Errorf("%d %s", r.Status, r.Raw)
			}
		})
	}
	wg.Wait()
	if r := w.Want(t, 200, "company_admin", "GET", at, nil); placed.Load() != 7 || r.At("claimed") != 7.0 {
		t.Fatalf("%d placed, %d refused: %s", placed.Load(), refused.Load(), r.Raw)
	}
}

func TestACodeOutsideItsTime(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	w.Code(t, map[string]any{"code": "SOON", "type": "percent", "percent": 10, "startsAt": time.Now().Add(time.Hour)})
	w.Want(t, 201, "customer", "POST", "/api/cart/items", apitest.Item(w.Mug, 2))
	if r := w.Want(t, 409, "customer", "POST", "/api/cart/promo", map[string]any{"code": "SOON"}); r.Text("errors.0.rule") != "period" {
		t.Fatalf("%s", r.Raw)
	}
	r := w.Want(t, 200, "customer", "POST", "/api/cart/estimate", map[string]any{"promoCodes": []string{"SOON"}, "country": "DE", "postalCode": "20457"})
	if r.At("promotions.0.applies") != false || r.Text("promotions.0.rule") != "period" || r.At("pricing.discount") != 0.0 {
		t.Fatalf("%s", r.Raw)
	}
}
