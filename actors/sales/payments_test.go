package sales

import (
	"testing"

	"entrepot/actors/actorstest"
	"entrepot/events"
	"entrepot/grains/sales/order"
)

func TestPaymentEventsBecomeCommandsWithEventIDs(t *testing.T) {
	a := &actorstest.Recorder{}
	results := Payments(a)(t.Context(), []*events.Delivery{
		actorstest.Delivery("e1", "payment.success", `{"orderId":"o1","paymentId":"p","amount":19.99,"currency":"EUR"}`),
		actorstest.Delivery("e2",
			"payment.failed", `{"orderId":"o1","paymentId":"p","amount":19.99,"currency":"EUR","reason":"declined"}`),
		actorstest.Delivery("e3", "payment.refunded", `{}`),
		actorstest.Delivery("e4", "payment.success", `{"amount":"x"}`),
	})
	if results[0] != nil || results[1] != nil || results[2] != nil || !events.IsPermanent(results[3]) {
		t.Fatalf("results: %v, want only the last to fail for good", results)
	}
	paid, ok := a.Cmds[0].(order.PaymentReceived)
	if !ok || paid.Amount != 1999 || a.IDs[0] != "o1/e1" || a.IDs[1] != "o1/e2" || len(a.Cmds) != 2 {
		t.Fatalf("commands to %v: %v", a.IDs, a.Cmds)
	}
}
