package api_test

import (
	"strings"
	"testing"

	"entrepot/grains/sales/order"
	"entrepot/http/api/apitest"
)

func TestFirstOrder(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	item := w.Want(t, 201, "customer", "POST", "/api/cart/items", map[string]any{"productId": w.Mug, "quantity": 1}).Header.Get("Location")
	w.Want(t, 201, "customer", "POST", "/api/cart/items", map[string]any{"productId": w.Cup, "shopId": w.ShopB, "quantity": 2})
	c := w.Want(t, 200, "customer", "PUT", item, map[string]any{"quantity": 3})
	if len(c.List("items")) != 2 || !strings.Contains(string(c.Raw), `"total":69.97`) {
		t.Errorf("cart is %s", c.Raw)
	}
	stale := w.Want(t, 409, "customer", "POST", "/api/orders", map[string]any{"shippingAddress": apitest.Address, "expectedTotal": 1})
	if stale.Text("code") != "conflict" || !strings.Contains(stale.Text("detail"), "83.26 EUR") {
		t.Errorf("another total answered %s", stale.Raw)
	}
	place := map[string]any{"shippingAddress": apitest.Address, "expectedTotal": 83.26}
	o := w.Want(t, 201, "customer", "POST", "/api/orders", place, "Idempotency-Key", "k1")
	if len(o.List("orders")) != 2 || o.Text("status") != "pending" || o.Header.Get("Location") != "/api/orders/"+o.Text("id") {
		t.Fatalf("order is %s", o.Raw)
	}
	again := w.Want(t, 201, "customer", "POST", "/api/orders", place, "Idempotency-Key", "k1")
	if again.Text("id") != o.Text("id") || again.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("the retry answered %v %s", again.Header, again.Raw)
	}
	if r := w.Want(t, 422, "customer", "POST", "/api/orders", map[string]any{"shippingAddress": apitest.Address}, "Idempotency-Key", "k1"); r.Text("code") != "key_reused" {
		t.Errorf("another body answered %s", r.Raw)
	}
	apitest.Eventually(t, "the cart is empty", func() bool {
		return len(w.Want(t, 200, "customer", "GET", "/api/cart", nil).List("items")) == 0
	})
	w.Want(t, 409, "customer", "POST", "/api/orders", map[string]any{"shippingAddress": apitest.Address})

	at := o.Header.Get("Location")
	w.Want(t, 404, "other_customer", "GET", at, nil)
	w.Want(t, 404, "other_admin", "GET", at, nil)
	w.Want(t, 200, "company_admin", "GET", at, nil)
	got := w.Want(t, 200, "customer", "GET", at, nil)
	if !strings.Contains(string(got.Raw), `"pricing":{"subtotal":59.97,"tax":11.39,"shipping":0.00,"discount":0.00,"total":71.36}`) {
		t.Errorf("pricing in %s", got.Raw)
	}
	if tr := w.Want(t, 200, "customer", "GET", at+"/tracking", nil); tr.Text("statusHistory.0.status") != "pending" {
		t.Errorf("tracking is %s", tr.Raw)
	}
	for as, n := range map[string]int{"customer": 2, "other_customer": 0, "company_admin": 2, "shop_staff": 1, "other_admin": 0, "super_admin": 2} {
		if l := w.Want(t, 200, as, "GET", "/api/orders?status=pending", nil); len(l.List("items")) != n {
			t.Errorf("as %s the orders are %s", as, l.Raw)
		}
	}
	pay(t, w, o.Text("id"))
}

func pay(t *testing.T, w *apitest.World, orderID string) {
	t.Helper()
	body := map[string]any{"orderId": orderID, "gateway": "manual", "method": "card", "token": "fail"}
	if r := w.Want(t, 402, "customer", "POST", "/api/payments/process", body); r.Text("code") != "payment_declined" {
		t.Errorf("a refusal answered %s", r.Raw)
	}
	w.Want(t, 404, "other_customer", "POST", "/api/payments/process", body)
	body["token"] = "ok"
	p := w.Want(t, 200, "customer", "POST", "/api/payments/process", body, "Idempotency-Key", "p1")
	if p.Text("status") != "completed" || p.Text("orderId") != orderID {
		t.Fatalf("payment is %s", p.Raw)
	}
	again := w.Want(t, 200, "customer", "POST", "/api/payments/process", body, "Idempotency-Key", "p1")
	if again.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("the retry answered %v %s", again.Header, again.Raw)
	}
	w.Want(t, 409, "customer", "POST", "/api/payments/process", body, "Idempotency-Key", "p2")
	w.Tell(t, order.Name, orderID, order.PaymentReceived{PaymentID: p.Text("id"), Amount: 7136, Currency: "EUR"})
	w.Want(t, 200, "customer", "POST", "/api/payments/process", body, "Idempotency-Key", "p1")
	w.Want(t, 409, "customer", "POST", "/api/payments/process", body)
	w.Want(t, 200, "shop_staff", "GET", "/api/payments/"+p.Text("id"), nil)
	w.Want(t, 404, "other_admin", "GET", "/api/payments/"+p.Text("id"), nil)
	if l := w.Want(t, 200, "customer", "GET", "/api/payments/history", nil); len(l.List("items")) != 1 {
		t.Errorf("payments are %s", l.Raw)
	}
	w.Want(t, 400, "company_admin", "POST", "/api/payments/"+p.Text("id")+"/refund", map[string]any{"amount": 0})
	w.Want(t, 409, "company_admin", "POST", "/api/payments/"+p.Text("id")+"/refund", map[string]any{"amount": 1000})
	w.Want(t, 200, "company_admin", "POST", "/api/payments/"+p.Text("id")+"/refund", map[string]any{"amount": 1.36}, "Idempotency-Key", "r1")
	r := w.Want(t, 200, "company_admin", "POST", "/api/payments/"+p.Text("id")+"/refund", map[string]any{"amount": 1.36}, "Idempotency-Key", "r1")
	if !strings.Contains(string(r.Raw), `"refunded":1.36`) {
		t.Errorf("refunded twice: %s", r.Raw)
	}
}

func TestOrderOfItems(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	items := []map[string]any{{"productId": w.Mug, "quantity": 2}, {"productId": w.Mug, "shopId": w.ShopA, "quantity": 3}}
	o := w.Want(t, 201, "customer", "POST", "/api/v1/orders", map[string]any{"items": items, "shippingAddress": apitest.Address})
	if len(o.List("items")) != 1 || o.At("items.0.quantity") != 5.0 || o.At("orders") != nil {
		t.Errorf("order is %s", o.Raw)
	}
	if !strings.HasPrefix(o.Header.Get("Location"), "/api/v1/orders/") {
		t.Errorf("Location %q", o.Header.Get("Location"))
	}
	intent := w.Want(t, 201, "customer", "POST", "/api/payments/intent", map[string]any{"orderId": o.Text("id")})
	if intent.Header.Get("Location") != "/api/payments/"+intent.Text("id") {
		t.Errorf("Location %q", intent.Header.Get("Location"))
	}
	at := "/api/orders/" + o.Text("id")
	w.Want(t, 404, "other_customer", "POST", at+"/cancel", nil)
	if c := w.Want(t, 200, "customer", "POST", at+"/cancel", map[string]any{"reason": "no"}); c.Text("status") != "cancelled" {
		t.Errorf("cancelled order is %s", c.Raw)
	}
	w.Want(t, 200, "customer", "POST", at+"/cancel", nil)

	lacking := []map[string]any{{"productId": w.Cup, "quantity": 1}, {"productId": w.Mug, "quantity": 101}}
	r := w.Want(t, 409, "customer", "POST", "/api/orders", map[string]any{"items": lacking, "shippingAddress": apitest.Address})
	if r.Text("code") != "out_of_stock" || r.Text("errors.0.field") != "items[1].quantity" {
		t.Errorf("out of stock answered %s", r.Raw)
	}
}
