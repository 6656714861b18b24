package sales_test

import (
	"context"
	"testing"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/sales/order"
	"entrepot/http/api/apitest"
)

// halfPlaced is an asker that hides orders, as an order being placed is hidden.
type halfPlaced struct{ grains.Asker }

func (h halfPlaced) Ask(ctx context.Context, to grains.Ref, message any, o ...grains.Option) (grains.Answer, error) {
	if _, reads := message.(order.Get); reads {
		return grains.Answer{}, entrepot.ErrNotFound
	}
	return h.Asker.Ask(ctx, to, message, o...)
}

// A member that dies between emptying the cart and replying leaves an order that is not
// readable yet. The retry of the request gets the order, not an error about the empty
// cart.
func TestRetryAfterTheCartWasEmptied(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	w.Want(t, 201, "customer", "POST", "/api/cart/items", map[string]any{"productId": w.Mug, "quantity": 1})
	place := map[string]any{"shippingAddress": apitest.Address}
	first := w.Want(t, 201, "customer", "POST", "/api/orders", place, "Idempotency-Key", "k")
	w.Deps.Asker = halfPlaced{w.Member}
	w.Mount()
	again := w.Want(t, 201, "customer", "POST", "/api/orders", place, "Idempotency-Key", "k")
	if again.Text("id") != first.Text("id") || again.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("the retry answered %v %s", again.Header, again.Raw)
	}
	if r := w.Want(
		t, 409, "customer", "POST", "/api/orders", place, "Idempotency-Key", "other",
	); r.Text("code") != "conflict" {
		t.Errorf("a new request with an empty cart answered %s", r.Raw)
	}
}
