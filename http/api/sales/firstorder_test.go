package sales_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"entrepot"
	"entrepot/actors/ecommerce"
	"entrepot/grains"
	"entrepot/grains/sales/order"
	"entrepot/http/api/apitest"
)

// A code for first orders is refused after another order, until that is cancelled.
func TestFirstOrderOnly(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	at := w.Code(t, map[string]any{"code": "HELLO", "type": "percent", "percent": 10, "firstOrder": true})
	w.Code(t, map[string]any{"code": "WELCOME", "type": "percent", "percent": 20, "firstOrder": true})
	if r := w.Want(t, 200, "company_admin", "GET", at, nil); r.At("firstOrder") != true {
		t.Fatalf("%s", r.Raw)
	}
	body := func(product string, codes ...string) map[string]any {
		return map[string]any{
			"items": []any{apitest.Item(product, 1)}, "promoCodes": codes, "shippingAddress": apitest.Address,
		}
	}
	w.Want(t, 201, "customer", "POST", "/api/orders", body(w.OtherMug)) // of another company: does not count
	plain := w.Want(t, 201, "customer", "POST", "/api/orders", body(w.Mug))
	refused := func(r *apitest.Reply) {
		t.Helper()
		if r.Status != 409 || r.Text("errors.0.field") != "promoCodes.HELLO" || r.Text("errors.0.rule") != "first_order" {
			t.Fatalf("%d %s", r.Status, r.Raw)
		}
	}
	refused(w.Call(t, "customer", "POST", "/api/orders", body(w.Cup, "HELLO")))
	w.Want(t, 201, "customer", "POST", "/api/cart/items", apitest.Item(w.Cup, 1))
	if r := w.Want(
		t, 409, "customer", "POST", "/api/cart/promo", map[string]any{"code": "HELLO"},
	); r.Text("errors.0.rule") != "first_order" {
		t.Fatalf("%s", r.Raw)
	}
	w.Want(t, 200, "customer", "POST", "/api/orders/"+plain.Text("id")+"/cancel", map[string]any{})
	first := w.Want(t, 201, "customer", "POST", "/api/orders", body(w.Mug, "HELLO", "WELCOME"), "Idempotency-Key", "k")
	if first.At("pricing.discount") != 5.6 || len(first.List("promoCodes")) != 2 {
		t.Fatalf("%s", first.Raw)
	}
	again := w.Want(t, 201, "customer", "POST", "/api/orders", body(w.Mug, "HELLO", "WELCOME"), "Idempotency-Key", "k")
	if again.Text("id") != first.Text("id") {
		t.Fatalf("%s", again.Raw)
	}
	refused(w.Call(t, "customer", "POST", "/api/orders", body(w.Cup, "HELLO")))
	w.Want(t, 200, "customer", "POST", "/api/orders/"+first.Text("id")+"/cancel", map[string]any{})
	apitest.Eventually(t, "the first order is free again", func() bool {
		return w.Call(t, "customer", "POST", "/api/orders", body(w.Cup, "HELLO")).Status == 201
	})
	w.Want(t, 201, "other_customer", "POST", "/api/orders", body(w.Cup, "WELCOME"))
}

// An e-commerce service without the orders' database reads paid orders from events.
func TestFirstOrderByEvents(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	w.Code(t, map[string]any{"code": "HELLO", "type": "percent", "percent": 10, "firstOrder": true})
	w.Read("sales", nil)
	w.Mount()
	w.Want(t, 201, "customer", "POST", "/api/cart/items", apitest.Item(w.Cup, 1))
	w.Bought(t, "customer", w.OtherMug, w.OtherShop)
	w.Want(t, 200, "customer", "POST", "/api/cart/promo", map[string]any{"code": "HELLO"})
	orderID := w.Want(
		t, 201, "customer", "POST", "/api/orders",
		map[string]any{"items": []any{apitest.Item(w.Mug, 1)}, "shippingAddress": apitest.Address},
	).Text("id")
	ctx := w.As(entrepot.SystemCaller("test"))
	paid := order.PaymentReceived{PaymentID: entrepot.NewID(), Amount: 2379, Currency: "EUR"}
	if _, err := grains.Ask(ctx, w.Member, order.Of(orderID), paid); err != nil {
		t.Fatal(err)
	}
	w.Deliver(t, ecommerce.Purchases(w.Store, time.Now))
	r := w.Want(t, 200, "customer", "POST", "/api/cart/estimate", map[string]any{})
	if r.At("promotions.0.applies") != false || r.Text("promotions.0.rule") != "first_order" {
		t.Fatalf("%s", r.Raw)
	}
	token := w.Guest(t)
	w.Want(t, 201, "", "POST", "/api/cart/items", apitest.Item(w.Cup, 1), "Cart-Token", token)
	if r := w.Want(
		t, 200, "", "POST", "/api/cart/promo", map[string]any{"code": "HELLO"}, "Cart-Token", token,
	); r.At("promotions.0.applies") != true {
		t.Fatalf("a guest: %s", r.Raw)
	}
}

// Of many concurrent checkouts with codes for first orders, one is the first.
func TestManyFirstOrders(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	w.Code(t, map[string]any{"code": "HELLO", "type": "percent", "percent": 10, "firstOrder": true})
	w.Code(t, map[string]any{"code": "WELCOME", "type": "amount", "amount": 1, "currency": "EUR", "firstOrder": true})
	var placed atomic.Int64
	var wg sync.WaitGroup
	for i := range 60 {
		wg.Go(func() {
			body := map[string]any{
				"items": []any{
					map[string]any{"productId": w.Mug, "shopId": []entrepot.ID{w.ShopA, w.ShopB}[i%2], "quantity": 1},
				},
				"promoCodes": []string{[]string{"HELLO", "WELCOME"}[i/2%2]}, "shippingAddress": apitest.Address,
			}
			switch r := w.Call(t, "customer", "POST", "/api/orders", body); {
			case r.Status == 201:
				placed.Add(1)
			case r.Status == 409 && r.Text("errors.0.rule") == "first_order":
			default:
				t.Errorf("%d %s", r.Status, r.Raw)
			}
		})
	}
	wg.Wait()
	if placed.Load() != 1 {
		t.Fatalf("%d first orders", placed.Load())
	}
	for _, code := range []string{"HELLO", "WELCOME"} {
		r := w.Want(t, 200, "company_admin", "GET", "/api/cart/promotions", nil)
		for _, it := range r.List("items") {
			if p := it.(map[string]any); p["code"] == code && p["claimed"].(float64) > 1 {
				t.Errorf("%v", p)
			}
		}
	}
}
