package grains

import (
	"runtime"
	"testing"
)

// TestMemoryOfManyGrainsIsCollected counts collections as grains come and go: one
// each time that more than half of many have left, none for a few.
func TestMemoryOfManyGrainsIsCollected(t *testing.T) {
	collections := func() uint32 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.NumForcedGC
	}
	h := &Host{}
	for _, x := range []struct {
		active int // at a sweep
		want   uint32
	}{{900, 0}, {100, 0}, {5000, 0}, {2600, 0}, {2400, 1}, {1300, 0}, {1100, 1}, {500, 1}, {10, 0}, {900, 0}} {
		before := collections()
		if h.collect(x.active); collections()-before != x.want {
			t.Errorf("%d collections with %d in memory, not %d", collections()-before, x.active, x.want)
		}
	}
}
