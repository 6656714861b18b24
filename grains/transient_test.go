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

// left waits until so many grains are in memory: they leave beside the answer.
func left(t *testing.T, m *grainstest.Member, want int) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); alive(m) != want; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d grains are in memory, want %d", alive(m), want)
		}
	}
}

// What is asked in passing does not stay in memory, whatever it answers; what
// others ask too does.
func TestWhatIsAskedInPassingLeaves(t *testing.T) {
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{tallyKind(nil)})
	const many = 300
	for i := range many {
		for _, n := range []int64{5, -1, 0} { // a change, a refusal, nothing to do
			if _, err := grains.Ask(m.Platform(), m, ref(fmt.Sprintf("%024x", i)), add{By: n}, grains.Transient); (err != nil) != (n < 0) {
				t.Fatal(err)
			}
		}
	}
	left(t, m, 0)
	got, err := grains.Ask(m.Platform(), m, ref(fmt.Sprintf("%024x", many-1)), getSum{})
	if err != nil || got != 5 {
		t.Fatalf("%v, %v", got, err)
	}
	left(t, m, 1)
	for i := range int64(3) {
		mustAdd(t, m, 1, i+1)
	}
	mustAdd(t, m, 1, 4, grains.Transient)
	mustAdd(t, m, 1, 5)
	if alive(m) != 2 {
		t.Fatalf("%d grains are in memory: one that is asked often left", alive(m))
	}
}

// A grain that still has a step to take or events to hand over does that first.
func TestWhatIsAskedInPassingFinishesFirst(t *testing.T) {
	store, box := newRiding(), &offers{note: make(chan struct{}, 16)}
	m := grainstest.New(t, store, []*grains.Kind{tallyKind(nil)}, func(c *grains.Config) { c.Outbox, c.TrimEvery = box, time.Millisecond })
	mustAdd(t, m, 1, 1, grains.Transient)
	<-box.note
	if alive(m) != 1 {
		t.Fatal("it left before the broker had its event")
	}
	box.ack[0]()
	left(t, m, 0)
	if doc, err := store.Load(t.Context(), tallies, id); err != nil || len(doc.Outbox) != 0 {
		t.Fatalf("it left before its document was trimmed: %v", err)
	}
}

// Commands one after the other meet each other's state, however the activations
// come and go between them.
func TestPassingCommandsLoseNothing(t *testing.T) {
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{tallyKind(nil)})
	for i := range int64(50) {
		options := []grains.Option{grains.As(entrepot.NewID())}
		if i%3 != 0 {
			options = append(options, grains.Transient)
		}
		mustAdd(t, m, 1, i+1, options...)
	}
}
