package grains_test

import (
	"testing"
	"time"

	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/persistence/storetest"
)

// TestEndedEntityLeavesMemory uses two entities alike, of which one has ended: it
// leaves at the first sweep after some seconds, the other stays,
// and the next command finds the one that left as it was.
func TestEndedEntityLeavesMemory(t *testing.T) {
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{tallyKind(nil)})
	at := time.Now()
	m.SetNow(at)
	const other = "00000000000000000000000f"
	for i := range int64(5) {
		mustAdd(t, m, 1, i+1)
		if _, err := m.Ask(m.Platform(), grains.Ref{Kind: "Tally", ID: other}, add{By: 1}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := m.Ask(m.Platform(), grains.Ref{Kind: "Tally", ID: id}, setName{Name: "ended"}); err != nil {
		t.Fatal(err)
	}
	m.SetNow(at.Add(20 * time.Second))
	m.Host.Sweep()
	waitAlive(t, m, 1)
	list, _ := m.Host.Activations(1)
	if list[0].ID != other {
		t.Fatalf("%s stayed", list[0].ID)
	}
	mustAdd(t, m, 1, 6)
}
