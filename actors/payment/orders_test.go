package payment

import (
	"testing"

	"entrepot"
	"entrepot/actors/actorstest"
	"entrepot/events"
	"entrepot/grains/payment/payment"
)

func TestNewOrderOpensPayment(t *testing.T) {
	a := &actorstest.Recorder{}
	if err := Orders(a)(t.Context(), []*events.Delivery{
		actorstest.Delivery("e", "order.created", `{"orderId":"o1","total":5.00,"currency":"EUR"}`),
	})[0]; err != nil {
		t.Fatal(err)
	}
	if o, ok := a.Cmds[0].(payment.Open); !ok || o.Amount != 500 || a.IDs[0] != payment.ID("o1")+"/e" {
		t.Fatalf("commands to %v: %v", a.IDs, a.Cmds)
	}
}

func TestRefusalIsPermanentByCode(t *testing.T) {
	for code, permanent := range map[entrepot.Code]bool{
		entrepot.CodeNotFound: true, entrepot.CodeConflict: true, entrepot.CodeUnavailable: false,
		entrepot.CodeUnknownOutcome: false,
	} {
		a := &actorstest.Recorder{Answer: func(any) error { return entrepot.Errorf(code, "no") }}
		err := Orders(a)(t.Context(), []*events.Delivery{
			actorstest.Delivery("e", "order.created", `{"orderId":"o1","total":5,"currency":"EUR"}`),
		})[0]
		if err == nil || events.IsPermanent(err) != permanent {
			t.Errorf("%s: %v, want permanent: %v", code, err, permanent)
		}
	}
}
