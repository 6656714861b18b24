package grains_test

import (
	"fmt"
	"testing"
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/persistence/storetest"
)

func alive(m *grainstest.Member) int {
	_, count := m.Host.Activations(0)
	return count["Tally"]
}

// waitAlive waits until the number of grains in memory is want; they leave after they have replied.
func waitAlive(t *testing.T, m *grainstest.Member, want int) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); alive(m) != want; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d grains are in memory, want %d", alive(m), want)
		}
	}
}

// A grain leaves memory after transient messages, whatever it replied, unless it is also used
// otherwise.
func TestTransientGrainLeaves(t *testing.T) {
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{tallyKind(nil)})
	const many = 300
	for i := range many {
		for _, n := range []int64{5, -1, 0} { // a change, a refusal, nothing to do
			to := ref(fmt.Sprintf("%024x", i))
			if _, err := grains.Ask(m.Platform(), m, to, add{By: n}, grains.Transient); (err != nil) != (n < 0) {
				t.Fatal(err)
			}
		}
	}
	waitAlive(t, m, 0)
	got, err := grains.Ask(m.Platform(), m, ref(fmt.Sprintf("%024x", many-1)), getSum{})
	if err != nil || got != 5 {
		t.Fatalf("%v, %v", got, err)
	}
	waitAlive(t, m, 1)
	for i := range int64(3) {
		mustAdd(t, m, 1, i+1)
	}
	mustAdd(t, m, 1, 4, grains.Transient)
	mustAdd(t, m, 1, 5)
	if alive(m) != 2 {
		t.Fatalf("%d grains are in memory, want 2: a grain in use has left", alive(m))
	}
}

// A transient grain leaves after the broker has confirmed its events and its document is trimmed.
func TestTransientGrainFinishesFirst(t *testing.T) {
	store, box := newLogless(), &offers{note: make(chan struct{}, 16)}
	withBox := func(c *grains.Config) { c.Outbox, c.TrimEvery = box, time.Millisecond }
	m := grainstest.New(t, store, []*grains.Kind{tallyKind(nil)}, withBox)
	mustAdd(t, m, 1, 1, grains.Transient)
	<-box.note
	if alive(m) != 1 {
		t.Fatal("the grain left before its event was confirmed")
	}
	box.ack[0]()
	waitAlive(t, m, 0)
	if doc, err := store.Load(t.Context(), tallies, id); err != nil || len(doc.Outbox) != 0 {
		t.Fatalf("the grain left before its document was trimmed: %v", err)
	}
}

// Successive commands see each other's changes, however often the grain leaves in between.
func TestTransientCommandsLoseNothing(t *testing.T) {
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{tallyKind(nil)})
	for i := range int64(50) {
		options := []grains.Option{grains.As(entrepot.NewID())}
		if i%3 != 0 {
			options = append(options, grains.Transient)
		}
		mustAdd(t, m, 1, i+1, options...)
	}
}
