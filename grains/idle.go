package grains

import (
	"encoding/json"
	"time"
)

// stop ends the activation. The write in flight still answers its callers; commands that wait for it
// are written afterwards.
func (e *entity) stop() {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.enter(stopped)
	e.h.register(e, false)
	e.refuseAll(e.take(&e.stash), errMoving())
	e.refuseAll(e.take(&e.parked), errUnknown("moving to another member"))
}

// seldom is the number of messages from which on an activation stays for the full idle time. Entities
// that an import or a crawler touches once or twice would fill the memory.
const seldom = 3

// seldomIdle is the minimum time for which seldom used activations stay. endedIdle is the time for which
// an entity that has ended stays, for its events and the customer's next look.
const (
	seldomIdle = 10 * time.Second
	endedIdle  = 10 * time.Second
)

// idleSince reports whether the activation has nothing to do and its last message is older than the
// limit. The limit is shorter for seldom used and for ended entities, and a second for absent ones.
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

// leaveIfTransient ends an activation whose last message was transient, once it rests and its
// document contains no event. The next message activates the entity again.
func (e *entity) leaveIfTransient() {
	if !e.transient || !e.rests() || (e.h.Outbox != nil && e.stored > 0) {
		return
	}
	e.transient = false // ask once; if the mailbox is full, the sweep ends it later
	e.root.Poison(e.self)
}

// describe returns the activation as an operator sees it.
func (e *entity) describe() Activation {
	e.mu.Lock()
	defer e.mu.Unlock()
	return Activation{
		Kind: e.k.Name, ID: e.id, Version: e.version, Used: e.used,
		Pending: len(e.waiting) + len(e.stash) + len(e.parked),
	}
}

// inspect returns the result of [Host.StateOf].
func (e *entity) inspect() (state []byte, version int64, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.executes() {
		return nil, 0, false
	}
	state, err := json.Marshal(e.state)
	if err != nil {
		e.h.Logger.Error("encode a state", "kind", e.k.Name, "id", e.id, "error", err)
		return nil, 0, false
	}
	return state, e.version, true
}
