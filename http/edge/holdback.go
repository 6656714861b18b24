package edge

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	// maxHeld bounds the refusals that are held back; more are answered at once.
	maxHeld = 4096
	// heldStep is how many refusals of one key are held back before the next ones
	// wait longer. In steady state no key is refused more often than that in each
	// delay, however many connections ask: what it asks for beyond its rate costs a
	// constant, and not others their time.
	heldStep = 32
	// heldLongest bounds the wait, in delays: a client's own time limit is near.
	heldLongest = 8
)

// heldBack is the refusals that wait to be answered, by the key that was refused.
type heldBack struct {
	most  int
	delay time.Duration // of a key with few; longer the more it has

	mu    sync.Mutex
	all   int
	byKey map[string]int
}

func newHeldBack(delay time.Duration) *heldBack {
	return &heldBack{most: maxHeld, delay: delay, byKey: map[string]int{}}
}

// hold waits before a refusal is answered, or until the caller has gone.
func (h *heldBack) hold(ctx context.Context, key string) {
	d := h.enter(key)
	if d <= 0 {
		return
	}
	defer h.leave(key)
	_ = Sleep(ctx, d/2+rand.N(d)) //nolint:gosec // so that those who come together do not come back together
}

// enter is how long a refusal of the key waits, on average; 0 when there is no room.
func (h *heldBack) enter(key string) time.Duration {
	if h.delay <= 0 {
		return 0
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.all >= h.most {
		return 0
	}
	d := h.delay * time.Duration(min(heldLongest, 1+h.byKey[key]/heldStep))
	h.all++
	h.byKey[key]++
	return d
}

func (h *heldBack) leave(key string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all--
	if h.byKey[key]--; h.byKey[key] == 0 {
		delete(h.byKey, key)
	}
}
