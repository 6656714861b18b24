package rabbit

import "sync"

// acker acknowledges the deliveries of one channel, whose tags count from 1. A gapless run of
// settled tags is acknowledged by one frame. Tags behind an open one wait for it, unless half of
// the window is in use; then they are acknowledged one by one, so that a slow call does not block
// the others.
type acker struct {
	ack    func(tag uint64, multiple bool) error
	window int // prefetch

	mu    sync.Mutex
	low   uint64     // all tags up to this one are acknowledged
	state []tagState // state of the tags low+1, low+2, …
	held  int        // delivered and not yet acknowledged
}

type tagState int8

const (
	open tagState = iota
	settled
	acked
)

func (a *acker) delivered(tag uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for a.low+uint64(len(a.state)) < tag {
		a.state = append(a.state, open) // last tag that still needs an acknowledgement
		a.held++
	}
}

func (a *acker) settle(tags []uint64) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, tag := range tags {
		a.state[tag-a.low-1] = settled
	}
	if err := a.ackFront(); err != nil {
		return err
	}
	if len(a.state) <= a.window/2 {
		return nil
	}
	for i, s := range a.state {
		if s == settled {
			if err := a.ack(a.low+uint64(i)+1, false); err != nil {
				return err
			}
			a.state[i] = acked
			a.held--
		}
	}
	return nil
}

func (a *acker) ackFront() error {
	n, fresh := 0, 0
	last := uint64(0) // the last one that still needs its acknowledgement
	for n < len(a.state) && a.state[n] != open {
		if a.state[n] == settled {
			fresh++
			last = a.low + uint64(n) + 1
		}
		n++
	}
	a.state = a.state[:copy(a.state, a.state[n:])]
	a.low += uint64(n)
	if fresh == 0 {
		return nil
	}
	a.held -= fresh
	return a.ack(last, true)
}

func (a *acker) holding() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.held
}
