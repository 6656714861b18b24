package api_test

import (
	"context"
	"testing"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/order/orderpb"

	"google.golang.org/protobuf/proto"
)

// halfPlaced hides orders from readers, as one that is being placed hides itself.
type halfPlaced struct{ grains.Asker }

func (h halfPlaced) Ask(ctx context.Context, kind string, id entrepot.ID, cmd proto.Message) (proto.Message, error) {
	if _, reads := cmd.(*orderpb.Get); reads {
		return nil, entrepot.ErrNotFound
	}
	return h.Asker.Ask(ctx, kind, id, cmd)
}

// TestRetryAfterTheCartWasEmptied: a member that dies between emptying the cart
// and answering leaves an order that is not readable yet. The retry of its request
// must not be told that the cart is empty.
func TestRetryAfterTheCartWasEmptied(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.want(t, 201, "customer", "POST", "/api/cart/items", map[string]any{"productId": w.mug, "quantity": 1})
	place := map[string]any{"shippingAddress": address}
	first := w.want(t, 201, "customer", "POST", "/api/orders", place, "Idempotency-Key", "k")
	w.deps.Asker = halfPlaced{w.Member}
	w.mount()
	again := w.want(t, 201, "customer", "POST", "/api/orders", place, "Idempotency-Key", "k")
	if again.text("id") != first.text("id") || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("the retry answered %v %s", again.header, again.raw)
	}
	if r := w.want(t, 409, "customer", "POST", "/api/orders", place, "Idempotency-Key", "other"); r.text("code") != "conflict" {
		t.Errorf("a new request with an empty cart answered %s", r.raw)
	}
}
