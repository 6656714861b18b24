package grains

import (
	"context"
	"errors"
	"time"

	"entrepot"
	"entrepot/persistence"
)

// assume takes the document for absent, because the first message creates the entity. If there is a
// document, the first write loses its compare-and-set, as it does to another activation.
func (e *entity) assume() {
	e.enter(assumed)
	e.state = e.k.newState()
	e.recent, _ = decodeRecent(nil, e.k.Ring) // an empty ring always decodes
}

// lookFirst withdraws the assumption and decides on the command again once the document is read.
func (e *entity) lookFirst(p *pending) {
	p.changed, e.fresh = false, nil
	e.stash = append(e.stash, p)
	e.load()
}

// loadTimeout bounds one read of a document.
const loadTimeout = 3 * time.Second

// load reads the document off the mailbox.
func (e *entity) load() {
	e.enter(loading)
	started := e.h.background(func(ctx context.Context) {
		doc, err := e.read(ctx)
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.phase == stopped {
			return // its messages have been refused
		}
		known := e.version
		if err == nil {
			err = e.adopt(doc)
		}
		if err != nil {
			e.unreadable(err)
			return
		}
		e.enter(ready)
		if e.version != known { // the steps of the known version were started with it
			e.resumeSteps("")
		}
		e.afterLoad()
	})
	if !started {
		e.unreadable(context.Canceled)
	}
}

// afterLoad continues with the loaded state.
func (e *entity) afterLoad() {
	e.publish()
	e.runStash()
	e.flushIfDirty()
	e.leaveIfTransient()
}

// runStash executes the messages that waited for the state. A command that must be written alone
// waits until nothing else is being written.
func (e *entity) runStash() {
	for len(e.stash) > 0 && e.executes() {
		p := e.stash[0]
		if p.alone && !e.settled() {
			return
		}
		e.stash = e.stash[1:]
		e.execute(p)
		if p.alone {
			p.alone = false
			e.flushIfDirty()
		}
	}
	if len(e.stash) == 0 {
		e.stash = nil // releases the array
	}
}

// read returns the document, or an empty one of version 0 if there is none.
func (e *entity) read(ctx context.Context) (*persistence.Document, error) {
	select {
	case e.h.loads <- struct{}{}:
		defer func() { <-e.h.loads }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	doc, err := e.h.store.Load(ctx, e.k.Collection, e.id)
	if errors.Is(err, persistence.ErrNotFound) {
		return &persistence.Document{ID: e.id}, nil
	}
	return doc, err
}

// adopt makes a loaded document the durable and the tentative state.
func (e *entity) adopt(doc *persistence.Document) (err error) {
	state := e.k.newState()
	if doc.Version > 0 {
		if err = e.h.store.Unmarshal(doc.State, state); err != nil {
			return err
		}
	}
	r, err := decodeRecent(doc.Recent, e.k.Ring)
	if err != nil {
		return err
	}
	e.state, e.recent = state, r
	e.saved(doc)
	e.seq, e.outbox = doc.Sequence, doc.Outbox
	e.stored = len(doc.Outbox)
	e.steps = nil
	if e.version > 0 {
		e.steps = e.k.stepsOf(state)
	}
	return nil
}

// unreadable answers every waiting caller and ends the activation, which must not compute on a state
// that may be stale.
func (e *entity) unreadable(err error) {
	if e.phase != stopped {
		e.h.Logger.Error("a document cannot be loaded", "kind", e.k.Name, "id", e.id, "error", err)
		e.root.Stop(e.self)
	}
	e.enter(stopped)
	e.refuseAll(e.take(&e.stash), entrepot.Unavailable("the database does not answer"))
	e.refuseAll(e.take(&e.parked), errUnknown("the outcome is not known yet"))
}

// resolve finds out what became of a write whose outcome is unknown. Messages wait until then. The
// id of the write distinguishes it from that of another activation at the same version.
func (e *entity) resolve(b *batch) {
	before := e.phase // writing or discarded
	e.enter(resolving)
	started := e.h.background(func(ctx context.Context) {
		doc, err := e.read(ctx)
		e.mu.Lock()
		defer e.mu.Unlock()
		if err != nil {
			e.unresolved(b, err)
			return
		}
		saved, err := decodeRecent(doc.Recent, e.k.Ring)
		switch {
		case err == nil && doc.Version == b.doc.Version && saved.write == b.write:
			e.enter(before)
			e.committed(b) // it landed
		case e.phase == stopped:
			e.unresolved(b, persistence.ErrUnknown)
		case doc.Version == b.doc.Version-1:
			e.enter(before)
			if !e.submit(b) {
				e.unresolved(b, persistence.ErrUnknown)
			}
		default:
			// Others have written since. The ring answers the commands that landed; the rest is
			// decided again.
			e.again(b, true)
		}
	})
	if !started {
		e.unresolved(b, context.Canceled)
	}
}

// unresolved answers that the outcome is unknown, and ends the activation.
func (e *entity) unresolved(b *batch, err error) {
	e.inflight = nil
	e.refuseAll(b.pendings, errUnknown("the outcome is not known yet"))
	e.refuseAll(e.take(&e.waiting), entrepot.Unavailable("the database does not answer"))
	e.unreadable(err)
}
