package grains

import (
	"context"
	"errors"
	"time"

	"entrepot"
	"entrepot/persistence"
)

// cold reports whether the document was not looked for yet.
func (e *entity) cold() bool { return e.state == nil && !e.loading }

// assume goes on as if there were no document: the command is one that makes it.
// If there is one, the first write loses its compare-and-set, as it does to
// another activation.
func (e *entity) assume() {
	e.assumed = true
	e.state = e.k.newState()
	e.recent, _ = decodeRecent(nil, e.k.Ring) // of nothing: cannot fail
}

// unproven reports whether the state is assumed and no write is under way that
// will prove it.
func (e *entity) unproven() bool { return e.assumed && e.settledDown() }

// lookFirst gives the assumption up, and decides the command about what is there.
func (e *entity) lookFirst(p *pending) {
	p.changed, e.fresh = false, nil
	e.stash = append(e.stash, p)
	e.load()
}

// load reads the document off the mailbox.
func (e *entity) load() {
	e.loading = true
	go func() {
		doc, err := e.read()
		e.mu.Lock()
		defer e.mu.Unlock()
		e.loading = false
		if err == nil {
			err = e.adopt(doc)
		}
		if err != nil {
			e.unreadable(err)
			return
		}
		e.reload = false
		e.afterLoad()
	}()
}

func (e *entity) afterLoad() {
	if e.stopped {
		e.answerAll(e.take(&e.stash), entrepot.Unavailable("moving to another member"))
		return
	}
	e.resumeSteps("")
	e.publish()
	e.runStash()
	e.flushIfDirty()
	e.leaveIfTransient()
}

// runStash executes what waited for the state; one at a time after a duplicate key.
func (e *entity) runStash() {
	for len(e.stash) > 0 && !e.loading && !e.reload {
		if e.solo > 0 && (e.inflight != nil || len(e.waiting) > 0) {
			return
		}
		p := e.stash[0]
		e.stash = e.stash[1:]
		e.solo = max(0, e.solo-1)
		e.execute(p)
		if e.solo > 0 {
			e.flushIfDirty()
		}
	}
	if len(e.stash) == 0 {
		e.stash = nil
		e.solo = 0
	}
}

func (e *entity) read() (*persistence.Document, error) {
	e.h.loads <- struct{}{}
	defer func() { <-e.h.loads }()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
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

// unreadable answers everybody and ends the activation: never compute on stale memory.
func (e *entity) unreadable(err error) {
	e.h.Logger.Error("a document cannot be loaded", "kind", e.k.Name, "id", e.id, "error", err)
	e.answerAll(e.take(&e.stash), entrepot.Unavailable("the database does not answer"))
	e.answerAll(e.take(&e.parked), &entrepot.Error{
		Code: entrepot.CodeUnknownOutcome, RetryAfter: time.Second,
		Message: "the outcome is not known yet; ask again with the same key",
	})
	e.stopped = true
	e.root.Stop(e.self)
}

// resolve finds out what became of a write that had no answer, before anything else.
func (e *entity) resolve(b *batch) {
	e.loading = true
	go func() {
		doc, err := e.read()
		e.mu.Lock()
		defer e.mu.Unlock()
		e.loading = false
		if err != nil {
			e.unresolved(b, err)
			return
		}
		saved, err := decodeRecent(doc.Recent, e.k.Ring)
		switch {
		case err == nil && doc.Version == b.doc.Version && saved.write == b.write:
			e.committed(b) // it landed
		case e.stopped:
			e.unresolved(b, persistence.ErrUnknown)
		case doc.Version == b.doc.Version-1:
			if !e.submit(b) {
				e.unresolved(b, persistence.ErrUnknown)
			}
		default:
			// Others have written since. The ring answers what landed, the rest is decided anew.
			e.again(b, true)
		}
	}()
}

// unresolved answers that nobody knows, and ends the activation.
func (e *entity) unresolved(b *batch, err error) {
	e.inflight = nil
	e.answerAll(b.pendings, &entrepot.Error{
		Code: entrepot.CodeUnknownOutcome, RetryAfter: time.Second,
		Message: "the outcome is not known yet; ask again with the same key",
	})
	e.answerAll(e.take(&e.waiting), entrepot.Unavailable("the database does not answer"))
	e.unreadable(err)
}
