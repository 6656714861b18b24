package company

import (
	"testing"

	"entrepot/actors/actorstest"
	"entrepot/events"
	"entrepot/grains/company/companystats"
)

func TestCompanyEventsAreCounted(t *testing.T) {
	a := &actorstest.Recorder{}
	customer := actorstest.Delivery("e4", "user.registered", `{}`)
	customer.CompanyID = ""
	results := Stats(a)(t.Context(), []*events.Delivery{
		actorstest.Delivery("e1", "payment.success", `{"amount":19.99,"currency":"EUR"}`),
		actorstest.Delivery("e2", "shop.created", `{}`),
		actorstest.Delivery("e3", "order.shipped", `{}`),
		customer,
		actorstest.Delivery("e5", "payment.refunded", `{"amount":"x"}`),
	})
	if results[0] != nil || results[1] != nil || results[2] != nil || results[3] != nil ||
		!events.IsPermanent(results[4]) {
		t.Fatalf("results: %v, want only the last to fail for good", results)
	}
	paid, ok := a.Cmds[0].(companystats.Count)
	if !ok || paid.Amount != 1999 || paid.Currency != "EUR" || a.IDs[0] != "c/e1" || a.IDs[1] != "c/e2" ||
		len(a.Cmds) != 2 {
		t.Fatalf("commands to %v: %v", a.IDs, a.Cmds)
	}
}
