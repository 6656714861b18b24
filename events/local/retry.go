package local

import (
	"sync"
	"time"

	"entrepot/events"
)

// maxReason limits the reason of a dead letter, in bytes.
const maxReason = 2000

// retries tracks the failed deliveries of a queue in memory: only the time of the next retry and
// the retries being handled. The deliveries themselves are in the file.
type retries struct {
	mu       sync.Mutex
	upToDate bool      // next is up to date
	next     time.Time // zero: no retry is waiting
	held     map[retryKey]bool
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

// mustRead reports whether due retries must be read from the file, and how many are being handled.
func (r *retries) mustRead(now time.Time) (held int, yes bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.upToDate && (r.next.IsZero() || now.Before(r.next)) {
		return 0, false
	}
	r.upToDate, r.next = true, time.Time{}
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

func (r *retries) release(k retryKey) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.held, k)
}

// rewind makes all retries in the file available again.
func (r *retries) rewind() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.upToDate, r.held = false, nil
}

func (r *retries) holding() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.held)
}

// pullRetries hands out the retries that are due.
func (c *consumer) pullRetries() (moved bool, err error) {
	now := time.Now()
	held, yes := c.q.retries.mustRead(now)
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
		d := &events.Delivery{Attempt: r.attempt + 1, Body: r.body}
		if !c.handOut(item{Delivery: d, log: r.log, seq: r.seq}, decode) {
			return moved, nil
		}
	}
	if len(rows) == limit {
		c.q.retries.noteDue(now)
	}
	return moved, nil
}

// failed returns the change that stores a failed delivery as a retry or a dead letter.
func (c *consumer) failed(it item, err error) op {
	if events.IsPermanent(err) || it.Attempt >= c.o.MaxAttempts {
		return c.bury(it, err)
	}
	due := time.Now().Add(c.o.Delay(it.Attempt))
	c.b.stats.retried.Add(1)
	return op{
		keep: true,
		run: func(s *statements) error {
			// Rounded up, so that the retry is never early.
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

// bury returns the change that makes a delivery a dead letter.
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
		c.q.retries.release(retryKey{it.log, it.seq})
	} else if it.first.settle(it.seq) {
		c.b.writer.cursorMoved()
		signal(c.settled)
	}
}

// forgetRetry removes a successful retry without waiting for the file. If the removal is lost, the
// retry is delivered again.
func (c *consumer) forgetRetry(it item) {
	c.b.writer.submit(op{
		keep: true,
		run: func(s *statements) error {
			_, err := s.dropRetry.Exec(c.q.name, it.log, it.seq)
			return err
		},
		done: func(error) { c.q.retries.release(retryKey{it.log, it.seq}) },
	})
}

// persist waits until failures are in the file, so that a handler that always fails is no faster
// than the disk. It returns false if the consumer was stopped meanwhile.
func (c *consumer) persist(changes []op) bool {
	if len(changes) == 0 {
		return true
	}
	done := make(chan struct{})
	left := len(changes)
	for _, o := range changes {
		then := o.done
		o.done = func(err error) { // callbacks all run on the writer's goroutine
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
