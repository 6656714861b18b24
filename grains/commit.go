package grains

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains/wire"
	"entrepot/persistence"
	"entrepot/test/failpoint"
)

func be64(b []byte) uint64 { return binary.BigEndian.Uint64(b) }

// flushIfDirty writes the waiting commands unless a write is in flight.
func (e *entity) flushIfDirty() {
	if len(e.waiting) > 0 && e.mayWrite() {
		e.flush()
	}
}

// flush submits the tentative state as one write, which answers every waiting command.
func (e *entity) flush() {
	b := &batch{events: e.fresh, pendings: e.waiting}
	for _, p := range b.pendings {
		if p.changed {
			b.trace = p.cmd.TraceParent
		}
	}
	e.waiting, e.fresh = nil, nil
	if err := e.encode(b); err != nil {
		e.h.Logger.Error("encode a state", "kind", e.k.Name, "id", e.id, "error", err)
		e.refuseAll(b.pendings, entrepot.AsError(err))
		e.discard()
		return
	}
	e.inflight = b
	e.enter(writing)
	failpoint.Hit("before-write", e.k.Name)
	if !e.submit(b) {
		e.inflight = nil
		e.refuseAll(b.pendings, entrepot.Unavailable("too many writes wait"))
		e.discard()
	}
}

// submit hands the batch to the committer. It returns false if the committer is full.
func (e *entity) submit(b *batch) bool {
	w := persistence.Write{Collection: e.k.Collection, Doc: b.doc, Events: b.events, Before: e.before}
	return e.h.Committer.Submit(w, func(err error) { e.written(b, err) })
}

// unpark moves the parked callers whose reply the tentative state now contains into the batch.
func (e *entity) unpark(b *batch) {
	if len(e.parked) == 0 {
		return
	}
	t := entrepot.Turn{ID: e.id, Now: e.h.now()}
	still := e.parked[:0]
	for _, p := range e.parked {
		body, done, err := p.h.reply(e.state, t, p.body)
		switch {
		case err != nil:
			p.reply = &wire.Reply{Err: e.asError(err, p)}
		case done:
			p.reply = &wire.Reply{Body: body}
			p.changed = true
			e.keep(p)
		default:
			still = append(still, p)
			continue
		}
		b.pendings = append(b.pendings, p)
	}
	clear(e.parked[len(still):])
	e.parked = still
}

// encode makes the batch's document from the tentative state.
func (e *entity) encode(b *batch) (err error) {
	defer func() {
		if r := recover(); r != nil { // a panic on the committer's goroutine would end the process
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	e.unpark(b)
	state, err := e.h.store.Marshal(e.state)
	if err != nil {
		return err
	}
	binary.BigEndian.PutUint64(b.write[:], rand.Uint64()) //nolint:gosec // identifies a write, no secret
	e.recent.write = b.write
	b.steps = e.k.stepsOf(e.state)
	now, ix := e.h.now(), e.state.Index()
	b.doc = persistence.Document{
		ID: e.id, Version: e.version + 1, CompanyID: ix.CompanyID, ShopID: ix.ShopID, OwnerID: ix.OwnerID,
		CreatedAt: ix.CreatedAt, UpdatedAt: now, Sequence: e.seq, Fields: ix.Fields,
		State: state, Recent: e.recent.encode(), WakeAt: e.nextWake(b, now),
	}
	if e.h.Outbox != nil {
		b.doc.Outbox = e.outbox[:len(e.outbox):len(e.outbox)]
	}
	return nil
}

// nextWake returns the next moment at which the entity has something to do: its own wake time, or
// earlier if steps or unconfirmed events must be recovered should this member die.
func (e *entity) nextWake(b *batch, now time.Time) (at time.Time) {
	if timed, ok := e.state.(Timed); ok {
		at = timed.WakeAt()
	}
	undone := len(b.steps) > 0 || (e.h.Outbox != nil && len(e.outbox)+len(b.events) > 0)
	if recovery := now.Add(e.h.Recovery); undone && (at.IsZero() || at.After(recovery)) {
		at = recovery
	}
	return at
}

// written handles the result of the write in flight, on the committer's goroutine.
func (e *entity) written(b *batch, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var dup *persistence.DuplicateError
	switch {
	case err == nil:
		e.committed(b)
	case errors.Is(err, persistence.ErrStale):
		e.h.Logger.Debug("lost a compare-and-set", "kind", e.k.Name, "id", e.id, "version", b.doc.Version)
		e.again(b, true)
	case errors.As(err, &dup):
		e.duplicate(b, dup)
	case errors.Is(err, persistence.ErrNotExecuted):
		e.inflight = nil
		e.refuseAll(b.pendings, entrepot.Unavailable("the database refuses writes"))
		e.refuseAll(e.take(&e.waiting), entrepot.Unavailable("the database refuses writes"))
		e.discard()
	default:
		e.resolve(b)
	}
}

// committed sends replies, events and steps that rested on the write.
func (e *entity) committed(b *batch) {
	failpoint.Hit("after-write", e.k.Name)
	e.inflight = nil
	if e.phase == writing {
		e.enter(ready)
	}
	e.saved(&b.doc)
	e.steps = b.steps
	e.stored = len(b.doc.Outbox) + len(b.events)
	for _, p := range b.pendings {
		e.send(p)
	}
	if len(b.events) > 0 && e.h.OnCommit != nil {
		e.h.OnCommit(b.events)
	}
	if e.h.Outbox != nil {
		failpoint.Hit("before-publish", e.k.Name)
		e.outbox = append(e.outbox, b.events...)
		e.publish()
	}
	e.startSteps(b.steps, b.doc.State, b.trace)
	e.next()
	e.leaveIfTransient()
}

// saved records what the database now contains of the document.
func (e *entity) saved(d *persistence.Document) {
	e.version, e.wakeAt, e.before = d.Version, d.WakeAt, nil
	if d.Version > 0 {
		e.before = &persistence.Document{
			CompanyID: d.CompanyID, ShopID: d.ShopID, OwnerID: d.OwnerID,
			CreatedAt: d.CreatedAt, WakeAt: d.WakeAt, Fields: d.Fields,
		}
	}
}

// next continues after a write has ended.
func (e *entity) next() {
	switch e.phase {
	case discarded:
		e.load()
	case stopped:
		e.refuseAll(e.take(&e.stash), errMoving())
		e.flushIfDirty()
	default:
		e.runStash()
		e.flushIfDirty()
	}
}

// again loads the document and decides every command again, because another activation has written
// the document or a command must be written alone.
func (e *entity) again(b *batch, lost bool) {
	if lost {
		failpoint.Hit("after-lost-cas", e.k.Name)
	}
	e.inflight = nil
	e.requeue(append(b.pendings, e.take(&e.waiting)...), lost)
	e.enter(discarded)
	e.next()
}

// requeue puts commands back at the front of the stash. After a lost compare-and-set it counts the
// try and refuses commands that have lost too often.
func (e *entity) requeue(list []*pending, lost bool) {
	retry := make([]*pending, 0, len(list)+len(e.parked)+len(e.stash))
	for _, p := range list {
		if p.forParked {
			continue // the parked command is decided again itself
		}
		p.reply, p.changed = nil, false
		if lost {
			p.tries++
		}
		if p.tries > maxTries {
			e.refuse(p, entrepot.Unavailable("another activation is writing this %s", e.k.Name))
			continue
		}
		retry = append(retry, p)
	}
	retry = append(retry, e.take(&e.parked)...)
	e.stash = append(retry, e.stash...)
	e.fresh = nil
}

// duplicate handles a unique value that another document already has. The only changing command of
// the write is refused; of several, each is decided again and written alone.
func (e *entity) duplicate(b *batch, dup *persistence.DuplicateError) {
	changed := 0
	for _, p := range b.pendings {
		if p.changed {
			changed++
		}
	}
	if changed > 1 {
		e.again(b, false)
		for _, p := range e.stash {
			p.alone = true
		}
		return
	}
	refusal := entrepot.Errorf(entrepot.CodeConflict, "%s is already taken", dup.Field)
	refusal.Fields = []entrepot.FieldError{{Field: dup.Field, Rule: "unique", Message: "is already taken"}}
	rest := b.pendings[:0]
	for _, p := range b.pendings {
		if p.changed {
			e.refuse(p, refusal)
			e.refuseParked(p.cmd.ID, refusal)
		} else {
			rest = append(rest, p)
		}
	}
	b.pendings = rest
	e.again(b, false)
}

// refuseParked refuses the parked callers of a command that cannot be written.
func (e *entity) refuseParked(id string, err *entrepot.Error) {
	still := e.parked[:0]
	for _, p := range e.parked {
		if p.cmd.ID == id {
			e.refuse(p, err)
		} else {
			still = append(still, p)
		}
	}
	clear(e.parked[len(still):])
	e.parked = still
}

// discard abandons the tentative state and loads the durable one once no write is in flight.
func (e *entity) discard() {
	e.requeue(e.take(&e.waiting), false)
	e.enter(discarded)
	if e.inflight == nil {
		e.next()
	}
}

// take empties a list and returns its content.
func (e *entity) take(list *[]*pending) []*pending {
	l := *list
	*list = nil
	return l
}

// refuseAll refuses every message of a list with the same error.
func (e *entity) refuseAll(list []*pending, err *entrepot.Error) {
	for _, p := range list {
		e.refuse(p, err)
	}
}

// publish offers the unconfirmed events to the broker, one batch of this entity at a time, so that
// they stay in order.
func (e *entity) publish() {
	if e.h.Outbox == nil || e.publishing || len(e.outbox) == 0 {
		return
	}
	offered := append([]events.Envelope(nil), e.outbox...)
	last := offered[len(offered)-1].Aggregate.Sequence
	e.publishing = e.h.Outbox.Offer(offered, func() { e.published(last) })
}

// published drops confirmed events. The document drops them with its next write.
func (e *entity) published(last int64) {
	failpoint.Hit("before-trim", e.k.Name)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.publishing = false
	n := 0
	for n < len(e.outbox) && e.outbox[n].Aggregate.Sequence <= last {
		n++
	}
	if e.outbox = append([]events.Envelope(nil), e.outbox[n:]...); len(e.outbox) > 0 {
		e.publish()
	}
	if e.phase != stopped {
		e.h.trimLater(e)
	}
}

// trim writes an idle entity once more, without its confirmed events.
func (e *entity) trim() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.settled() && e.stored > len(e.outbox) {
		e.flush()
	}
}
