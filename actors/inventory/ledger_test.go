package inventory

import (
	"testing"

	"entrepot/actors/actorstest"
	"entrepot/events"
	"entrepot/grains/inventory/stock"
	"entrepot/persistence"
	"entrepot/persistence/storetest"
)

func TestFailedWriteIsDeliveredAgain(t *testing.T) {
	store := storetest.Faulty(storetest.NewMemory())
	if err := store.Ensure(t.Context(), []*persistence.Collection{stock.Movements}); err != nil {
		t.Fatal(err)
	}
	store.NextWrites(storetest.FailBefore)
	batch := []*events.Delivery{
		actorstest.Delivery("e1", "inventory.updated", `{"itemId":"i","movement":1}`),
		actorstest.Delivery("e2", "inventory.updated", `{"itemId":"i","movement":2}`),
	}
	results := Ledger(store)(t.Context(), batch)
	if results[0] == nil || events.IsPermanent(results[0]) || results[1] != nil {
		t.Fatalf("results: %v, want a temporary error and none", results)
	}
}
