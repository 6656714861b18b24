package main

import (
	"testing"
	"time"
)

// TestLongestGap takes requests that finish on several connections: the gap is
// the longest time between any two that follow each other, and what was before
// the measurement does not count.
func TestLongestGap(t *testing.T) {
	var g gap
	g.last.Store(1)
	g.begin()
	start := g.last.Load()
	for _, ms := range []int64{10, 30, 35, 400, 410} {
		g.finishedAt(start + ms*int64(time.Millisecond))
	}
	if got := g.get(); got != 365*time.Millisecond {
		t.Errorf("the longest gap is %v, not 365 ms", got)
	}
}
