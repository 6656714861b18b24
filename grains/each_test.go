package grains_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"entrepot"
	"entrepot/grains"
)

func TestEachReturnsRefusalsInOrder(t *testing.T) {
	t.Parallel()
	list := make([]int, 100)
	for i := range list {
		list[i] = i
	}
	var running, most atomic.Int64
	refused, err := grains.Each(list, func(i int) (bool, error) {
		now := running.Add(1)
		defer running.Add(-1)
		for seen := most.Load(); now > seen && !most.CompareAndSwap(seen, now); seen = most.Load() {
		}
		if i%3 == 0 {
			err := entrepot.Errorf(entrepot.CodeOutOfStock, "none left")
			return grains.Refused(err, entrepot.CodeInvalid, entrepot.CodeOutOfStock)
		}
		return grains.Refused(nil, entrepot.CodeOutOfStock)
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, no := range refused {
		if no != (i%3 == 0) {
			t.Errorf("call %d: refused %t", i, no)
		}
	}
	if most.Load() > 16 {
		t.Errorf("%d calls ran side by side, want at most 16", most.Load())
	}
}

func TestEachWaitsForAllAndReturnsTheError(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	cause := errors.New("no answer")
	refused, err := grains.Each([]int{0, 1, 2}, func(i int) (bool, error) {
		calls.Add(1)
		if i == 1 {
			return grains.Refused(cause, entrepot.CodeNotFound)
		}
		return false, nil
	})
	if !errors.Is(err, cause) || refused != nil || calls.Load() != 3 {
		t.Errorf("%v, %v after %d calls; want the error after 3", refused, err, calls.Load())
	}
	refused, err = grains.Each(nil, func(int) (bool, error) { return true, nil })
	if err != nil || len(refused) != 0 {
		t.Errorf("of no items: %v, %v", refused, err)
	}
	_, err = grains.Each([]int{0}, func(int) (bool, error) { panic("at the disco") })
	if err == nil || !strings.Contains(err.Error(), "at the disco") {
		t.Errorf("a call that panics: %v, want an error with the panic", err)
	}
}

// A panic on a goroutine of its own would end the process, also outside of a step.
func TestFanOutReturnsAPanicAsAnError(t *testing.T) {
	t.Parallel()
	for n := range 3 {
		err := grains.FanOut(t.Context(), 2, n, func(_ context.Context, i int) error {
			if i == n-1 {
				panic("at the disco")
			}
			return nil
		})
		if n == 0 && err != nil || n > 0 && (err == nil || !strings.Contains(err.Error(), "at the disco")) {
			t.Errorf("of %d calls: %v, want the panic of the last one as an error", n, err)
		}
	}
}
