package api_test

import (
	"testing"

	"entrepot"
	"entrepot/grains/order/orderpb"
)

// TestAnOrderIsCancelledFromTheVersionThatWasRead: paid meanwhile, it is another one.
func TestAnOrderIsCancelledFromTheVersionThatWasRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	placed := w.want(t, 201, "customer", "POST", "/api/orders", map[string]any{
		"items": []map[string]any{{"productId": w.mug, "shopId": w.shopA, "quantity": 1}}, "shippingAddress": address,
	})
	path, seen := "/api/orders/"+placed.text("id"), placed.header.Get("ETag")
	if got := w.want(t, 200, "customer", "GET", path, nil).header.Get("ETag"); seen == "" || got != seen {
		t.Fatalf("ETag %q when placed, %q when read", seen, got)
	}
	w.ask(t, orderpb.Kind, placed.text("id"), &orderpb.Paid{PaymentId: entrepot.NewID(), AmountMinor: 2379, Currency: "EUR"})
	paid := w.want(t, 200, "customer", "GET", path, nil)
	if paid.text("paymentStatus") != "paid" || paid.header.Get("ETag") == seen {
		t.Fatalf("%s at %s", paid.text("paymentStatus"), paid.header.Get("ETag"))
	}
	stale := w.want(t, 409, "customer", "POST", path+"/cancel", nil, "If-Match", seen)
	if stale.text("code") != "stale" || stale.text("errors.0.field") != "If-Match" {
		t.Fatalf("%v", stale.body)
	}
	if r := w.want(t, 400, "customer", "POST", path+"/cancel", nil, "If-Match", "7"); r.text("errors.0.field") != "If-Match" {
		t.Fatalf("%v", r.body)
	}
	if r := w.want(t, 200, "customer", "POST", path+"/cancel", nil, "If-Match", paid.header.Get("ETag")); r.text("status") != "cancelled" {
		t.Fatalf("%v", r.body)
	}
}
