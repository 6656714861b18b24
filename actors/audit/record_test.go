package audit

import (
	"testing"

	"entrepot"
	"entrepot/actors/actorstest"
	"entrepot/events"
	"entrepot/persistence"
	"entrepot/persistence/storetest"
)

func TestRepeatedDeliveryIsOneAuditEntry(t *testing.T) {
	store := storetest.NewMemory()
	if err := store.Ensure(t.Context(), []*persistence.Collection{Logs}); err != nil {
		t.Fatal(err)
	}
	audit := Record(store)
	for range 2 {
		for _, err := range audit(t.Context(), []*events.Delivery{
			actorstest.Delivery("e1", "order.created", "{}"), actorstest.Delivery("e2", "order.confirmed", "{}"),
		}) {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	docs, _, err := store.Find(t.Context(), Logs, entrepot.InCompany("c"), persistence.Query{
		Sort: persistence.CreatedAt, Limit: 10,
		Where: []persistence.Cond{{Field: "action", Value: "order.created"}},
	})
	if err != nil || len(docs) != 1 {
		t.Fatalf("%d entries, want 1: %v", len(docs), err)
	}
	var e events.Envelope
	if err := store.Unmarshal(docs[0].State, &e); err != nil || e.ID != "e1" || e.Actor.UserID != "u" {
		t.Errorf("%+v, %v", e, err)
	}
}
