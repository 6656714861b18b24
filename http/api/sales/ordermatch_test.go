package sales_test

import (
	"testing"

	"entrepot"
	"entrepot/grains/sales/order"
	"entrepot/http/api/apitest"
)

// A cancellation from a version before the payment is refused.
func TestCancelFromACurrentVersion(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	placed := w.Want(t, 201, "customer", "POST", "/api/orders", map[string]any{
		"items": []map[string]any{{"productId": w.Mug, "shopId": w.ShopA, "quantity": 1}}, "shippingAddress": apitest.Address,
	})
	path, seen := "/api/orders/"+placed.Text("id"), placed.Header.Get("ETag")
	if got := w.Want(t, 200, "customer", "GET", path, nil).Header.Get("ETag"); seen == "" || got != seen {
		t.Fatalf("ETag %q when placed, %q when read", seen, got)
	}
	w.Tell(
		t, order.Name, placed.Text("id"),
		order.PaymentReceived{PaymentID: entrepot.NewID(), Amount: 2379, Currency: "EUR"},
	)
	paid := w.Want(t, 200, "customer", "GET", path, nil)
	if paid.Text("paymentStatus") != "paid" || paid.Header.Get("ETag") == seen {
		t.Fatalf("%s at %s", paid.Text("paymentStatus"), paid.Header.Get("ETag"))
	}
	stale := w.Want(t, 409, "customer", "POST", path+"/cancel", nil, "If-Match", seen)
	if stale.Text("code") != "stale" || stale.Text("errors.0.field") != "If-Match" {
		t.Fatalf("%v", stale.Body)
	}
	if r := w.Want(
		t, 400, "customer", "POST", path+"/cancel", nil, "If-Match", "7",
	); r.Text("errors.0.field") != "If-Match" {
		t.Fatalf("%v", r.Body)
	}
	if r := w.Want(
		t, 200, "customer", "POST", path+"/cancel", nil, "If-Match", paid.Header.Get("ETag"),
	); r.Text("status") != "cancelled" {
		t.Fatalf("%v", r.Body)
	}
}
