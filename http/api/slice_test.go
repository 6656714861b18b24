package api_test

import (
	"strings"
	"testing"

	"entrepot/grains/order/orderpb"
)

var address = map[string]any{"name": "Ada", "line1": "Am Kai 1", "city": "Hamburg", "country": "DE"}

func TestLogin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.want(t, 200, "", "POST", "/api/auth/login", map[string]any{"email": " Customer@demo.test", "password": password})
	if r.text("tokenType") != "Bearer" || r.at("expiresIn") != 900.0 || r.text("user.role") != "customer" {
		t.Errorf("login answered %s", r.raw)
	}
	w.tokens["fresh"] = r.text("accessToken")
	v := w.want(t, 200, "fresh", "GET", "/api/auth/verify", nil)
	if v.at("valid") != true || v.text("email") != "customer@demo.test" {
		t.Errorf("verify answered %s", v.raw)
	}
	p := w.want(t, 200, "fresh", "GET", "/api/auth/profile", nil)
	if p.text("lastLoginAt") == "" || strings.Contains(string(p.raw), "assword") {
		t.Errorf("profile answered %s", p.raw)
	}
	w.want(t, 204, "fresh", "POST", "/api/auth/logout", nil)

	wrong := w.want(t, 401, "", "POST", "/api/auth/login", map[string]any{"email": "customer@demo.test", "password": "no"})
	unknown := w.want(t, 401, "", "POST", "/api/auth/login", map[string]any{"email": "nobody@demo.test", "password": "no"})
	if wrong.text("detail") != unknown.text("detail") {
		t.Errorf("an unknown account is told apart: %q, %q", wrong.raw, unknown.raw)
	}
	// A stale token does not keep anyone from logging in.
	w.tokens["stale"] = "forged"
	w.want(t, 200, "stale", "POST", "/api/auth/login", map[string]any{"email": "customer@demo.test", "password": password})
}

func TestWrongLoginsAreThrottled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bad := map[string]any{"email": "customer@demo.test", "password": "wrong"}
	for range 10 {
		w.want(t, 401, "", "POST", "/api/auth/login", bad)
	}
	r := w.want(t, 429, "", "POST", "/api/auth/login", map[string]any{"email": "customer@demo.test", "password": password})
	if r.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	for range 20 { // right logins cost nothing
		w.want(t, 200, "", "POST", "/api/auth/login", map[string]any{"email": "other_customer@demo.test", "password": password})
	}
}

func TestRegister(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := map[string]any{"email": "New@Demo.test", "password": "correct horse battery", "name": "New"}
	r := w.want(t, 201, "", "POST", "/api/auth/register", body)
	if r.text("role") != "customer" || r.text("email") != "new@demo.test" || r.header.Get("Location") != "/api/auth/profile" {
		t.Errorf("register answered %s, %v", r.raw, r.header)
	}
	w.want(t, 200, "", "POST", "/api/auth/login", map[string]any{"email": "new@demo.test", "password": "correct horse battery"})
	if d := w.want(t, 409, "", "POST", "/api/auth/register", body); d.text("code") != "conflict" {
		t.Errorf("a second account answered %s", d.raw)
	}
	for _, weak := range []string{"password123", "aaaaaaaa", "12345678", "short", "new@demo.test"} {
		body["password"] = weak
		if r := w.want(t, 400, "", "POST", "/api/auth/register", body); r.text("errors.0.field") != "password" {
			t.Errorf("%q answered %s", weak, r.raw)
		}
	}
}

func TestCatalogue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.want(t, 200, "", "GET", "/api/products/"+w.mug, nil)
	if !strings.Contains(string(p.raw), `"price":19.99,`) || p.text("currency") != "EUR" {
		t.Errorf("product is %s", p.raw)
	}
	w.want(t, 404, "", "GET", "/api/products/"+w.draft, nil)
	w.want(t, 200, "shop_staff", "GET", "/api/products/"+w.draft, nil)
	w.want(t, 404, "other_admin", "GET", "/api/products/"+w.draft, nil)

	count := func(as, query string, n int) *reply {
		t.Helper()
		r := w.want(t, 200, as, "GET", "/api/products"+query, nil)
		if got := len(r.list("items")); got != n {
			t.Errorf("as %q, %s lists %d products, want %d: %s", as, query, got, n, r.raw)
		}
		return r
	}
	count("", "", 3)
	count("customer", "?category=kitchen", 3)
	count("company_admin", "", 3) // its own, the draft too
	count("company_admin", "?status=draft", 1)
	count("super_admin", "", 4)
	count("", "?shopId="+w.shopB, 2)
	count("", "?shopId="+w.shopA, 1)
	count("", "?companyId="+w.otherCompany, 1)
	count("", "?q=Product+C", 1)
	count("", "?minPrice=5.00&maxPrice=9&currency=EUR", 2)
	count("", "?minPrice=5.00&currency=USD", 0)
	first := count("", "?sort=price&limit=2", 2)
	second := count("", "?sort=price&limit=2&cursor="+first.text("nextCursor"), 1)
	if second.text("items.0.id") != w.mug || second.text("nextCursor") != "" {
		t.Errorf("the second page is %s", second.raw)
	}
}

func TestProductLife(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := map[string]any{"shopIds": []string{w.shopA}, "sku": "NEW", "name": "New", "price": 1.5, "currency": "EUR"}
	r := w.want(t, 201, "company_admin", "POST", "/api/products", body)
	at := r.header.Get("Location")
	if at != "/api/products/"+r.text("id") || !strings.Contains(string(r.raw), `"price":1.50`) {
		t.Errorf("create answered %s, %v", r.raw, at)
	}
	list := "/api/products?q=New"
	// What is found by text is shown within a second, not at once.
	eventually(t, "the list shows it", func() bool { return len(w.want(t, 200, "", "GET", list, nil).list("items")) == 1 })
	tag := w.want(t, 200, "", "GET", at, nil).header.Get("ETag")
	if r.header.Get("ETag") != tag || tag == "" {
		t.Errorf("created at %q, read at %q", r.header.Get("ETag"), tag)
	}
	w.want(t, 200, "shop_staff", "PATCH", at, map[string]any{"name": "Newer", "price": 2}, "If-Match", tag)
	if stale := w.want(t, 409, "company_admin", "PATCH", at, map[string]any{"name": "Newest"}, "If-Match", tag); stale.text("code") != "stale" || !names(stale, "If-Match") {
		t.Errorf("from the version before: %s", stale.raw)
	}
	eventually(t, "the list shows the change", func() bool {
		return w.want(t, 200, "", "GET", list, nil).text("items.0.name") == "Newer"
	})
	w.want(t, 403, "shop_staff", "DELETE", at, nil)
	w.want(t, 404, "other_admin", "DELETE", at+"0"[:0], nil)
	w.want(t, 204, "company_admin", "DELETE", at, nil)
	w.want(t, 404, "", "GET", at, nil)

	body["shopIds"] = []string{w.otherShop}
	if r := w.want(t, 404, "company_admin", "POST", "/api/products", body); r.text("errors.0.field") != "shopIds[0]" {
		t.Errorf("a foreign shop answered %s", r.raw)
	}
	body["companyId"] = w.otherCompany
	if r := w.want(t, 400, "company_admin", "POST", "/api/products", body); r.text("errors.0.field") != "companyId" {
		t.Errorf("a foreign company answered %s", r.raw)
	}
}

func TestCompaniesAndShops(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.want(t, 201, "super_admin", "POST", "/api/companies", map[string]any{
		"name": "New", "slug": "new", "settings": map[string]any{"currency": "JPY", "taxRate": 10.25},
	})
	if !strings.Contains(string(r.raw), `"taxRate":10.25`) {
		t.Errorf("company is %s", r.raw)
	}
	if l := w.want(t, 200, "super_admin", "GET", "/api/companies", nil); len(l.list("items")) != 3 {
		t.Errorf("companies are %s", l.raw)
	}
	w.want(t, 200, "company_admin", "GET", "/api/companies/"+w.company, nil)
	w.want(t, 404, "company_admin", "GET", "/api/companies/"+w.otherCompany, nil)
	w.want(t, 201, "company_admin", "POST", "/api/shops", map[string]any{"name": "Third", "location": map[string]any{"city": "Kiel"}})
	for as, n := range map[string]int{"": 4, "customer": 4, "super_admin": 4, "company_admin": 3, "shop_manager": 1, "other_admin": 1} {
		if l := w.want(t, 200, as, "GET", "/api/shops", nil); len(l.list("items")) != n {
			t.Errorf("as %q the shops are %s", as, l.raw)
		}
	}
	w.want(t, 200, "", "GET", "/api/shops/"+w.shopA, nil)
}

func TestFirstOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	item := w.want(t, 201, "customer", "POST", "/api/cart/items", map[string]any{"productId": w.mug, "quantity": 1}).header.Get("Location")
	w.want(t, 201, "customer", "POST", "/api/cart/items", map[string]any{"productId": w.cup, "shopId": w.shopB, "quantity": 2})
	c := w.want(t, 200, "customer", "PUT", item, map[string]any{"quantity": 3})
	if len(c.list("items")) != 2 || !strings.Contains(string(c.raw), `"total":69.97`) {
		t.Errorf("cart is %s", c.raw)
	}
	stale := w.want(t, 409, "customer", "POST", "/api/orders", map[string]any{"shippingAddress": address, "expectedTotal": 1})
	if stale.text("code") != "conflict" || !strings.Contains(stale.text("detail"), "83.26 EUR") {
		t.Errorf("another total answered %s", stale.raw)
	}
	place := map[string]any{"shippingAddress": address, "expectedTotal": 83.26}
	o := w.want(t, 201, "customer", "POST", "/api/orders", place, "Idempotency-Key", "k1")
	if len(o.list("orders")) != 2 || o.text("status") != "pending" || o.header.Get("Location") != "/api/orders/"+o.text("id") {
		t.Fatalf("order is %s", o.raw)
	}
	again := w.want(t, 201, "customer", "POST", "/api/orders", place, "Idempotency-Key", "k1")
	if again.text("id") != o.text("id") || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("the retry answered %v %s", again.header, again.raw)
	}
	if r := w.want(t, 422, "customer", "POST", "/api/orders", map[string]any{"shippingAddress": address}, "Idempotency-Key", "k1"); r.text("code") != "key_reused" {
		t.Errorf("another body answered %s", r.raw)
	}
	eventually(t, "the cart is empty", func() bool {
		return len(w.want(t, 200, "customer", "GET", "/api/cart", nil).list("items")) == 0
	})
	w.want(t, 409, "customer", "POST", "/api/orders", map[string]any{"shippingAddress": address})

	at := o.header.Get("Location")
	w.want(t, 404, "other_customer", "GET", at, nil)
	w.want(t, 404, "other_admin", "GET", at, nil)
	w.want(t, 200, "company_admin", "GET", at, nil)
	got := w.want(t, 200, "customer", "GET", at, nil)
	if !strings.Contains(string(got.raw), `"pricing":{"subtotal":59.97,"tax":11.39,"shipping":0.00,"discount":0.00,"total":71.36}`) {
		t.Errorf("pricing in %s", got.raw)
	}
	if tr := w.want(t, 200, "customer", "GET", at+"/tracking", nil); tr.text("statusHistory.0.status") != "pending" {
		t.Errorf("tracking is %s", tr.raw)
	}
	for as, n := range map[string]int{"customer": 2, "other_customer": 0, "company_admin": 2, "shop_staff": 1, "other_admin": 0, "super_admin": 2} {
		if l := w.want(t, 200, as, "GET", "/api/orders?status=pending", nil); len(l.list("items")) != n {
			t.Errorf("as %s the orders are %s", as, l.raw)
		}
	}
	pay(t, w, o.text("id"))
}

func pay(t *testing.T, w *world, orderID string) {
	t.Helper()
	body := map[string]any{"orderId": orderID, "gateway": "manual", "method": "card", "token": "fail"}
	if r := w.want(t, 402, "customer", "POST", "/api/payments/process", body); r.text("code") != "payment_declined" {
		t.Errorf("a refusal answered %s", r.raw)
	}
	w.want(t, 404, "other_customer", "POST", "/api/payments/process", body)
	body["token"] = "ok"
	p := w.want(t, 200, "customer", "POST", "/api/payments/process", body, "Idempotency-Key", "p1")
	if p.text("status") != "completed" || p.text("orderId") != orderID {
		t.Fatalf("payment is %s", p.raw)
	}
	again := w.want(t, 200, "customer", "POST", "/api/payments/process", body, "Idempotency-Key", "p1")
	if again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("the retry answered %v %s", again.header, again.raw)
	}
	w.want(t, 409, "customer", "POST", "/api/payments/process", body, "Idempotency-Key", "p2")
	w.ask(t, orderpb.Kind, orderID, &orderpb.Paid{PaymentId: p.text("id"), AmountMinor: 7136, Currency: "EUR"})
	w.want(t, 200, "customer", "POST", "/api/payments/process", body, "Idempotency-Key", "p1")
	w.want(t, 409, "customer", "POST", "/api/payments/process", body)
	w.want(t, 200, "shop_staff", "GET", "/api/payments/"+p.text("id"), nil)
	w.want(t, 404, "other_admin", "GET", "/api/payments/"+p.text("id"), nil)
	if l := w.want(t, 200, "customer", "GET", "/api/payments/history", nil); len(l.list("items")) != 1 {
		t.Errorf("payments are %s", l.raw)
	}
	w.want(t, 400, "company_admin", "POST", "/api/payments/"+p.text("id")+"/refund", map[string]any{"amount": 0})
	w.want(t, 409, "company_admin", "POST", "/api/payments/"+p.text("id")+"/refund", map[string]any{"amount": 1000})
	w.want(t, 200, "company_admin", "POST", "/api/payments/"+p.text("id")+"/refund", map[string]any{"amount": 1.36}, "Idempotency-Key", "r1")
	r := w.want(t, 200, "company_admin", "POST", "/api/payments/"+p.text("id")+"/refund", map[string]any{"amount": 1.36}, "Idempotency-Key", "r1")
	if !strings.Contains(string(r.raw), `"refunded":1.36`) {
		t.Errorf("refunded twice: %s", r.raw)
	}
}

func TestOrderOfItems(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	items := []map[string]any{{"productId": w.mug, "quantity": 2}, {"productId": w.mug, "shopId": w.shopA, "quantity": 3}}
	o := w.want(t, 201, "customer", "POST", "/api/v1/orders", map[string]any{"items": items, "shippingAddress": address})
	if len(o.list("items")) != 1 || o.at("items.0.quantity") != 5.0 || o.at("orders") != nil {
		t.Errorf("order is %s", o.raw)
	}
	if !strings.HasPrefix(o.header.Get("Location"), "/api/v1/orders/") {
		t.Errorf("Location %q", o.header.Get("Location"))
	}
	intent := w.want(t, 201, "customer", "POST", "/api/payments/intent", map[string]any{"orderId": o.text("id")})
	if intent.header.Get("Location") != "/api/payments/"+intent.text("id") {
		t.Errorf("Location %q", intent.header.Get("Location"))
	}
	at := "/api/orders/" + o.text("id")
	w.want(t, 404, "other_customer", "POST", at+"/cancel", nil)
	if c := w.want(t, 200, "customer", "POST", at+"/cancel", map[string]any{"reason": "no"}); c.text("status") != "cancelled" {
		t.Errorf("cancelled order is %s", c.raw)
	}
	w.want(t, 200, "customer", "POST", at+"/cancel", nil)

	lacking := []map[string]any{{"productId": w.cup, "quantity": 1}, {"productId": w.mug, "quantity": 101}}
	r := w.want(t, 409, "customer", "POST", "/api/orders", map[string]any{"items": lacking, "shippingAddress": address})
	if r.text("code") != "out_of_stock" || r.text("errors.0.field") != "items[1].quantity" {
		t.Errorf("out of stock answered %s", r.raw)
	}
}
