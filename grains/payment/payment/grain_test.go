package payment

import (
	"testing"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/persistence/storetest"
)

func TestPaymentOnTheHost(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind()})
	p := pay("")
	p.Open = new(openOf(2000))
	v, err := grains.Ask(m.As(payer), m, Of(id), p)
	if err != nil || v.Status != Completed || v.ID != id {
		t.Fatalf("%+v, %v", v, err)
	}
	list := m.Events()
	if len(list) != 2 || list[0].Type != "payment.initiated" || list[1].Type != "payment.success" ||
		list[1].CompanyID != company {
		t.Fatalf("%v", m.EventTypes())
	}
	var e events.PaymentSuccess
	if err := list[1].Decode(&e); err != nil || e.Amount != "20.00" || e.OrderID != order || e.PaymentID != id {
		t.Fatalf("%s, %v", list[1].Data, err)
	}
	m.Restart()
	if v, err = grains.Ask(m.As(payer), m, Of(id), Get{}); err != nil || v.Captured != 2000 {
		t.Fatalf("after the restart: %+v, %v", v, err)
	}
	refund := Refund{RefundID: "r1", Amount: 500}
	for range 2 { // two commands, one refund
		if v, err = grains.Ask(m.As(manager), m, Of(id), refund); err != nil || v.Refunded != 500 {
			t.Fatalf("%+v, %v", v, err)
		}
		m.Restart()
	}
	if got := m.EventTypes(); len(got) != 3 || got[2] != "payment.refunded" {
		t.Fatal(got)
	}
	if _, err := grains.Ask(m.As(stranger), m, Of(id), Get{}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Fatalf("a stranger: %v", err)
	}
}
