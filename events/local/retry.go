package local

import (
	"sync"
	"time"

	"entrepot/events"
)

// maxReason bounds the text a dead letter keeps.
const maxReason = 2000

// retries is the part of a queue that failed and waits, in memory: only when
// the next one is due and which ones are being handled. The rest is in the file.
type retries struct {
	mu     sync.Mutex
	looked bool      // next is known
	next   time.Time // zero: none
	held   map[retryKey]bool
}

type retryKey struct {
	log string
	seq int64
}

func (r *retries) nextDue() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.next
}

// look reports whether the file is to be asked for due retries.
func (r *retries) look(now time.Time) (held int, yes bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.looked && (r.next.IsZero() || now.Before(r.next)) {
		return 0, false
	}
	r.looked, r.next = true, time.Time{}
	return len(r.held), true
}

func (r *retries) noteDue(at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.next.IsZero() || at.Before(r.next) {
		r.next = at
	}
}

func (r *retries) hold(k retryKey) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.held[k] {
		return false
	}
	if r.held == nil {
		r.held = map[retryKey]bool{}
	}
	r.held[k] = true
	return true
}

func (r *retries) letGo(k retryKey) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.held, k)
}

// rewind lets everything in the file be handed out again.
func (r *retries) rewind() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.looked, r.held = false, nil
}

func (r *retries) holding() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.held)
}

// pullRetries hands out the retries that are due.
func (c *consumer) pullRetries() (moved bool, err error) {
	now := time.Now()
	held, yes := c.q.retries.look(now)
	if !yes {
		return false, nil
	}
	limit := held + c.o.Batch
	rows, err := c.b.db.dueRetries(c.b.ctx, c.q.name, limit)
	if err != nil {
		c.q.retries.noteDue(now.Add(errorPause))
		return false, err
	}
	for _, r := range rows {
		if r.due.After(now) {
			c.q.retries.noteDue(r.due)
			return moved, nil
		}
		if !c.q.retries.hold(r.retryKey) {
			continue
		}
		moved = true
		decode := func() (events.Envelope, error) { return events.ParseEnvelope(r.body) }
		if !c.handOut(item{Delivery: &events.Delivery{Attempt: r.attempt + 1, Body: r.body}, log: r.log, seq: r.seq}, decode) {
			return moved, nil
		}
	}
	if len(rows) == limit {
		c.q.retries.noteDue(now)
	}
	return moved, nil
}

// failed is what becomes of a delivery whose handler answered an error.
func (c *consumer) failed(it item, err error) op {
	if events.IsPermanent(err) || it.Attempt >= c.o.MaxAttempts {
		return c.bury(it, err)
	}
	due := time.Now().Add(c.o.Delay(it.Attempt))
	c.b.stats.retried.Add(1)
	return op{
		keep: true,
		run: func(s *statements) error {
			// Rounded up, lest it come early.
			_, err := s.saveRetry.Exec(c.q.name, it.log, it.seq, it.Body, it.Attempt, due.UnixMilli()+1)
			return err
		},
		done: func(err error) {
			if err == nil {
				c.settleFailed(it)
				c.q.retries.noteDue(due)
				signal(c.q.wake)
			}
		},
	}
}

// bury makes a delivery a dead letter.
func (c *consumer) bury(it item, reason error) op {
	text := reason.Error()
	text = text[:min(len(text), maxReason)]
	c.b.stats.dead.Add(1)
	return op{
		keep: true,
		run: func(s *statements) error {
			if _, err := s.saveDead.Exec(c.q.name, it.log, it.seq, it.Body, text); err != nil {
				return err
			}
			_, err := s.dropRetry.Exec(c.q.name, it.log, it.seq)
			return err
		},
		done: func(err error) {
			if err == nil {
				c.settleFailed(it)
			}
		},
	}
}

func (c *consumer) settleFailed(it item) {
	if it.first == nil {
		c.q.retries.letGo(retryKey{it.log, it.seq})
	} else if it.first.settle(it.seq) {
		c.b.writer.cursorMoved()
		signal(c.settled)
	}
}

// forgetRetry removes a retry that went well. It waits for nothing: if it is
// lost, the retry comes again.
func (c *consumer) forgetRetry(it item) {
	c.b.writer.submit(op{
		keep: true,
		run: func(s *statements) error {
			_, err := s.dropRetry.Exec(c.q.name, it.log, it.seq)
			return err
		},
		done: func(error) { c.q.retries.letGo(retryKey{it.log, it.seq}) },
	})
}

// persist waits until failures are in the file, so that a handler which always
// fails is no faster than the disk; false: the consumer was stopped meanwhile.
func (c *consumer) persist(changes []op) bool {
	if len(changes) == 0 {
		return true
	}
	done := make(chan struct{})
	left := len(changes)
	for _, o := range changes {
		then := o.done
		o.done = func(err error) { // all on the writer's goroutine
			then(err)
			if left--; left == 0 {
				close(done)
			}
		}
		c.b.writer.submit(o)
	}
	select {
	case <-done:
		return true
	case <-c.quit:
		return false
	}
}
