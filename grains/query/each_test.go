package query

import (
	"context"
	"sync/atomic"
	"testing"
)

func TestEachIsBounded(t *testing.T) {
	t.Parallel()
	var running, most atomic.Int64
	err := Each(t.Context(), 50, func(context.Context, int) error {
		n := running.Add(1)
		defer running.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		return nil
	})
	if err != nil || most.Load() > AtOnce {
		t.Errorf("%d at a time, %v", most.Load(), err)
	}
}
