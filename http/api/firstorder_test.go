package api_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"entrepot"
	"entrepot/actors/ecommerce"
	"entrepot/grains/order/orderpb"
)

// TestFirstOrderOnly: not with an order before, again after that came to nothing.
func TestFirstOrderOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := w.code(t, map[string]any{"code": "HELLO", "type": "percent", "percent": 10, "firstOrder": true})
	w.code(t, map[string]any{"code": "WELCOME", "type": "percent", "percent": 20, "firstOrder": true})
	if r := w.want(t, 200, "company_admin", "GET", at, nil); r.at("firstOrder") != true {
		t.Fatalf("%s", r.raw)
	}
	body := func(product string, codes ...string) map[string]any {
		return map[string]any{"items": []any{item(product, 1)}, "promoCodes": codes, "shippingAddress": address}
	}
	w.want(t, 201, "customer", "POST", "/api/orders", body(w.otherMug)) // of another company: does not count
	plain := w.want(t, 201, "customer", "POST", "/api/orders", body(w.mug))
	refused := func(r *reply) {
		t.Helper()
		if r.status != 409 || r.text("errors.0.field") != "promoCodes.HELLO" || r.text("errors.0.rule") != "first_order" {
			t.Fatalf("%d %s", r.status, r.raw)
		}
	}
	refused(w.call(t, "customer", "POST", "/api/orders", body(w.cup, "HELLO")))
	w.want(t, 201, "customer", "POST", "/api/cart/items", item(w.cup, 1))
	if r := w.want(t, 409, "customer", "POST", "/api/cart/promo", map[string]any{"code": "HELLO"}); r.text("errors.0.rule") != "first_order" {
		t.Fatalf("%s", r.raw)
	}
	w.want(t, 200, "customer", "POST", "/api/orders/"+plain.text("id")+"/cancel", map[string]any{})
	first := w.want(t, 201, "customer", "POST", "/api/orders", body(w.mug, "HELLO", "WELCOME"), "Idempotency-Key", "k")
	if first.at("pricing.discount") != 5.6 || len(first.list("promoCodes")) != 2 {
		t.Fatalf("%s", first.raw)
	}
	again := w.want(t, 201, "customer", "POST", "/api/orders", body(w.mug, "HELLO", "WELCOME"), "Idempotency-Key", "k")
	if again.text("id") != first.text("id") {
		t.Fatalf("%s", again.raw)
	}
	refused(w.call(t, "customer", "POST", "/api/orders", body(w.cup, "HELLO")))
	w.want(t, 200, "customer", "POST", "/api/orders/"+first.text("id")+"/cancel", map[string]any{})
	eventually(t, "the first order is free again", func() bool {
		return w.call(t, "customer", "POST", "/api/orders", body(w.cup, "HELLO")).status == 201
	})
	w.want(t, 201, "other_customer", "POST", "/api/orders", body(w.cup, "WELCOME"))
}

// TestFirstOrderFromAfar: an e-commerce service apart from the orders' database
// knows of them by their events.
func TestFirstOrderFromAfar(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.code(t, map[string]any{"code": "HELLO", "type": "percent", "percent": 10, "firstOrder": true})
	w.deps.Stores.Sales = nil
	w.mount()
	w.want(t, 201, "customer", "POST", "/api/cart/items", item(w.cup, 1))
	w.bought(t, "customer", w.otherMug, w.otherShop)
	w.want(t, 200, "customer", "POST", "/api/cart/promo", map[string]any{"code": "HELLO"})
	order := w.want(t, 201, "customer", "POST", "/api/orders", map[string]any{"items": []any{item(w.mug, 1)}, "shippingAddress": address}).text("id")
	ctx := w.As(entrepot.SystemCaller("test"))
	paid := &orderpb.Paid{PaymentId: entrepot.NewID(), AmountMinor: 2379, Currency: "EUR"}
	if _, err := w.Member.Ask(ctx, orderpb.Kind, order, paid); err != nil {
		t.Fatal(err)
	}
	w.deliver(t, ecommerce.Purchases(w.Store, time.Now))
	r := w.want(t, 200, "customer", "POST", "/api/cart/estimate", map[string]any{})
	if r.at("promotions.0.applies") != false || r.text("promotions.0.rule") != "first_order" {
		t.Fatalf("%s", r.raw)
	}
	token := w.guest(t)
	w.want(t, 201, "", "POST", "/api/cart/items", item(w.cup, 1), "Cart-Token", token)
	if r := w.want(t, 200, "", "POST", "/api/cart/promo", map[string]any{"code": "HELLO"}, "Cart-Token", token); r.at("promotions.0.applies") != true {
		t.Fatalf("a guest: %s", r.raw)
	}
}

// TestManyFirstOrders: of many checkouts at once, by whatever code, one is the first.
func TestManyFirstOrders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.code(t, map[string]any{"code": "HELLO", "type": "percent", "percent": 10, "firstOrder": true})
	w.code(t, map[string]any{"code": "WELCOME", "type": "amount", "amount": 1, "currency": "EUR", "firstOrder": true})
	var placed atomic.Int64
	var wg sync.WaitGroup
	for i := range 60 {
		wg.Go(func() {
			body := map[string]any{
				"items":      []any{map[string]any{"productId": w.mug, "shopId": []entrepot.ID{w.shopA, w.shopB}[i%2], "quantity": 1}},
				"promoCodes": []string{[]string{"HELLO", "WELCOME"}[i/2%2]}, "shippingAddress": address,
			}
			switch r := w.call(t, "customer", "POST", "/api/orders", body); {
			case r.status == 201:
				placed.Add(1)
			case r.status == 409 && r.text("errors.0.rule") == "first_order":
			default:
				t.Errorf("%d %s", r.status, r.raw)
			}
		})
	}
	wg.Wait()
	if placed.Load() != 1 {
		t.Fatalf("%d first orders", placed.Load())
	}
	for _, code := range []string{"HELLO", "WELCOME"} {
		r := w.want(t, 200, "company_admin", "GET", "/api/cart/promotions", nil)
		for _, it := range r.list("items") {
			if p := it.(map[string]any); p["code"] == code && p["claimed"].(float64) > 1 {
				t.Errorf("%v", p)
			}
		}
	}
}
