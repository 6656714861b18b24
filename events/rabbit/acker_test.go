package rabbit

import (
	"testing"

	"pgregory.net/rapid"
)

// TestAcker settles tags in random order: each is acknowledged once and only after it is settled,
// and settled tags do not pile up behind an open one.
func TestAcker(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 40).Draw(t, "deliveries")
		window := rapid.IntRange(2, 40).Draw(t, "window")
		settledTags, ackedTags := map[uint64]bool{}, map[uint64]bool{}
		ackOne := func(tag uint64) {
			if !settledTags[tag] || ackedTags[tag] {
				t.Fatalf("tag %d acknowledged: want settled true, acknowledged before false; got %v, %v",
					tag, settledTags[tag], ackedTags[tag])
			}
			ackedTags[tag] = true
		}
		a := &acker{window: window, ack: func(tag uint64, multiple bool) error {
			if multiple {
				for lower := uint64(1); lower < tag; lower++ {
					if !ackedTags[lower] {
						ackOne(lower)
					}
				}
			}
			ackOne(tag)
			return nil
		}}
		tags := make([]uint64, n)
		for i := range tags {
			tags[i] = uint64(i) + 1
			a.delivered(tags[i])
		}
		order := rapid.Permutation(tags).Draw(t, "order")
		for len(order) > 0 {
			k := rapid.IntRange(1, len(order)).Draw(t, "batch")
			for _, tag := range order[:k] {
				settledTags[tag] = true
			}
			if err := a.settle(order[:k]); err != nil {
				t.Fatal(err)
			}
			order = order[k:]
			if waiting := len(settledTags) - len(ackedTags); waiting > window/2 {
				t.Fatalf("unacknowledged settled tags: want at most half the window of %d, got %d", window, waiting)
			}
		}
		if len(ackedTags) != n || a.holding() != 0 {
			t.Fatalf("want %d acknowledged and 0 held, got %d and %d", n, len(ackedTags), a.holding())
		}
	})
}
