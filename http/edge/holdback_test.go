package edge

import (
	"testing"
	"testing/synctest"
	"time"
)

// However many connections of a key ask again as soon as they are refused, they
// are refused no more often than a bounded rate; and another key waits no longer for it.
func TestOneKeysRefusalsCostAConstant(t *testing.T) {
	t.Parallel()
	perSecond := func(t *testing.T, connections int) (refused int) {
		h := newHeldBack(time.Second)
		end := time.Now().Add(time.Minute)
		count := make(chan int)
		for range connections {
			go func() {
				n := 0
				for ; time.Now().Before(end); n++ {
					h.hold(t.Context(), "loud")
				}
				count <- n
			}()
		}
		time.Sleep(30 * time.Second) // of the test's own clock
		start := time.Now()
		h.hold(t.Context(), "quiet")
		if took := time.Since(start); took > 3*time.Second/2 {
			t.Errorf("another key's refusal took %v", took)
		}
		for range connections {
			refused += <-count
		}
		if h.all != 0 || len(h.byKey) != 0 {
			t.Errorf("%d are still held, of %d keys", h.all, len(h.byKey))
		}
		return refused / 60
	}
	synctest.Test(t, func(t *testing.T) {
		if n := perSecond(t, 8); n < 6 {
			t.Errorf("8 connections were refused %d times a second: held back longer than a second", n)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		if n := perSecond(t, heldStep*(heldLongest-1)); n > 2*heldStep {
			t.Errorf("refused %d times a second", n)
		}
	})
}

func TestARefusalWithoutRoomIsAnsweredAtOnce(t *testing.T) {
	t.Parallel()
	h := newHeldBack(time.Second)
	h.most = 1
	if h.enter("a") == 0 || h.enter("b") != 0 {
		t.Error("room for one was not for one")
	}
}
