package grains

import (
	"time"

	"entrepot"
)

// phase is the relation between an activation's state in memory and its document. It decides what
// happens to a message and whether a write may start.
//
//	phase      state in memory       a message is            database
//	cold       none                  the first: see below    not asked yet
//	assumed    of an absent entity   executed                not asked; the first write proves it
//	loading    none                  kept in the stash       reads the document
//	ready      the durable one       executed                idle
//	writing    ahead of the durable  executed                writes
//	discarded  unusable              kept in the stash       may still write
//	resolving  as before it          kept in the stash       reads what became of a write
//	stopped    unusable              refused                 may still write
//
// These methods move an activation from phase to phase:
//
//	cold      → assumed    assume    the first message creates the entity
//	cold      → loading    load      any other first message
//	assumed   → writing    flush     the creating command is written
//	assumed   → loading    lookFirst the command changes nothing, so no write proves the assumption
//	loading   → ready      load      the document was read, or there is none
//	ready     → writing    flush     commands wait for a write
//	writing   → ready      committed the write is durable
//	writing,
//	discarded → resolving  resolve   the outcome of the write is unknown
//	resolving → either     resolve   the write landed, or is sent again
//	assumed, ready,
//	writing   → discarded  discard   a decision panicked, or a write was refused
//	writing, discarded,
//	resolving → discarded  again     the write lost its compare-and-set, or a unique value is taken
//	discarded → loading    next      no write is in flight
//	loading, resolving
//	          → stopped    unreadable the document cannot be read
//	any       → stopped    stop      the actor stops
//
// Stopped is final. Its write in flight still answers its callers, and the commands that waited for
// that write go out as the last one.
type phase uint8

const (
	cold phase = iota
	assumed
	loading
	ready
	writing
	discarded
	resolving
	stopped
)

// enter moves the activation to a phase. An activation that has stopped stays so.
func (e *entity) enter(p phase) {
	if e.phase != stopped {
		e.phase = p
	}
}

// executes reports whether the state can answer and change. It may be ahead of the durable one.
func (e *entity) executes() bool {
	return e.phase == assumed || e.phase == ready || e.phase == writing
}

// executesNow reports whether a message is executed at once instead of waiting in the stash, where
// others may still wait their turn.
func (e *entity) executesNow() bool { return e.executes() && len(e.stash) == 0 }

// settled reports whether the state is the durable one: nothing is being written or waits for it.
func (e *entity) settled() bool {
	return (e.phase == assumed || e.phase == ready) && len(e.waiting) == 0
}

// unproven reports whether the state is that of an absent document without a write under way that
// proves the absence.
func (e *entity) unproven() bool { return e.phase == assumed && len(e.waiting) == 0 }

// mayWrite reports whether a write may be submitted. A stopped activation still writes the commands
// that waited for the write before.
func (e *entity) mayWrite() bool {
	return e.inflight == nil && (e.executes() || e.phase == stopped)
}

// rests reports whether the activation has nothing to do, so that it may leave memory.
func (e *entity) rests() bool {
	return (e.phase == cold || e.settled()) && !e.publishing &&
		len(e.stash) == 0 && len(e.parked) == 0 && len(e.running) == 0
}

// errMoving refuses a message that was certainly not executed.
func errMoving() *entrepot.Error { return entrepot.Unavailable("moving to another member") }

// errUnknown answers a command whose write may have happened.
func errUnknown(reason string) *entrepot.Error {
	return &entrepot.Error{
		Code: entrepot.CodeUnknownOutcome, RetryAfter: time.Second,
		Message: reason + "; ask again with the same key",
	}
}
