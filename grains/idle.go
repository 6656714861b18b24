package grains

import (
	"encoding/json"
	"time"
)

// stop ends the activation. Writes in flight still answer their callers; what
// only waited goes out as the last write.
func (e *entity) stop() {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.enter(stopped)
	e.h.register(e, false)
	e.answerAll(e.take(&e.stash), errMoving())
	e.answerAll(e.take(&e.parked), errUnknown("moving to another member"))
}

// seldom is how often an entity must have been asked to be kept as long as others:
// what is touched once or twice, by an import or a crawler, is not asked for again,
// and would fill the memory.
const seldom = 3

// seldomIdle is how long they stay at least, endedIdle how long an entity that has
// ended stays: for its events and the customer's next look.
const (
	seldomIdle = 10 * time.Second
	endedIdle  = 10 * time.Second
)

// idleSince reports whether nothing waits and nothing was asked for so long.
// What does not exist is not kept, and what was asked seldom or has ended not for long.
func (e *entity) idleSince(now time.Time, limit time.Duration) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.version == 0 {
		limit = time.Second
	} else if e.hasEnded() {
		limit = min(limit, endedIdle)
	} else if e.uses < seldom {
		limit = min(limit, max(limit/16, seldomIdle))
	}
	return e.rests() && now.Sub(e.used) >= limit
}

func (e *entity) hasEnded() bool {
	s, ok := e.state.(Ended)
	return ok && s.Ended()
}

// leaveIfTransient ends an activation whose last message was transient, once it
// rests and its document holds no event any more. Later messages meet the next one.
func (e *entity) leaveIfTransient() {
	if !e.transient || !e.rests() || (e.h.Outbox != nil && e.stored > 0) {
		return
	}
	e.transient = false // once: if its mailbox is full, the sweep sees to it
	e.root.Poison(e.self)
}

func (e *entity) describe() Activation {
	e.mu.Lock()
	defer e.mu.Unlock()
	return Activation{
		Kind: e.k.Name, ID: e.id, Version: e.version, Used: e.used,
		Pending: len(e.waiting) + len(e.stash) + len(e.parked),
	}
}

func (e *entity) inspect() (state []byte, version int64, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.executes() {
		return nil, 0, false
	}
	state, err := json.Marshal(e.state)
	if err != nil {
		e.h.Logger.Error("a state does not encode", "kind", e.k.Name, "id", e.id, "error", err)
		return nil, 0, false
	}
	return state, e.version, true
}
