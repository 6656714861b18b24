package persistence

import (
	"context"
	"errors"
	"sync"
	"time"
)

// CommitterOptions bound a committer. Zero values mean the defaults.
type CommitterOptions struct {
	MaxBatch int           // writes in one batch, default 256
	InFlight int           // batches at a time, default 1
	MaxQueue int           // writes waiting, default 16384
	Timeout  time.Duration // of one batch, default 5 s
}

// Committer takes the submitted writes of all grains of one database on this
// member and sends them as batches. No timer delays a batch: a batch is what
// arrived while the last one was being written.
type Committer struct {
	store Store
	o     CommitterOptions

	mu      sync.Mutex
	queue   []pendingWrite
	busy    int // batches in flight
	closed  bool
	idle    *sync.Cond
	batches int64
	writes  int64
}

type pendingWrite struct {
	w    Write
	done func(error)
}

// NewCommitter returns a committer over a store. It starts goroutines only while
// there is something to write.
func NewCommitter(s Store, o CommitterOptions) *Committer {
	if o.MaxBatch <= 0 {
		o.MaxBatch = 256
	}
	if o.InFlight <= 0 {
		o.InFlight = 1
	}
	if o.MaxQueue <= 0 {
		o.MaxQueue = 16384
	}
	if o.Timeout <= 0 {
		o.Timeout = 5 * time.Second
	}
	c := &Committer{store: s, o: o}
	c.idle = sync.NewCond(&c.mu)
	return c
}

// Store is the database the committer writes to.
func (c *Committer) Store() Store { return c.store }

// Submit hands over one write and returns at once. done is called exactly once,
// on another goroutine, with a result of [Store.Commit]. Over the queue's bound,
// or after Close, done is not called and the answer is false.
// At most one write of a document may be submitted at a time.
func (c *Committer) Submit(w Write, done func(error)) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || len(c.queue) >= c.o.MaxQueue {
		return false
	}
	c.queue = append(c.queue, pendingWrite{w, done})
	if c.busy < c.o.InFlight {
		c.busy++
		go c.drain()
	}
	return true
}

// drain writes batches until nothing waits.
func (c *Committer) drain() {
	var batch []pendingWrite
	for {
		c.mu.Lock()
		n := min(len(c.queue), c.o.MaxBatch)
		if n == 0 {
			c.busy--
			c.idle.Broadcast()
			c.mu.Unlock()
			return
		}
		batch = append(batch[:0], c.queue[:n]...)
		rest := copy(c.queue, c.queue[n:])
		clear(c.queue[rest:])
		c.queue = c.queue[:rest]
		c.batches++
		c.writes += int64(n)
		c.mu.Unlock()
		c.commit(batch)
	}
}

func (c *Committer) commit(batch []pendingWrite) {
	writes := make([]Write, len(batch))
	for i := range batch {
		writes[i] = batch[i].w
	}
	// Detached from any caller: a write cancelled half way would have an unknown outcome.
	ctx, cancel := context.WithTimeout(context.Background(), c.o.Timeout)
	results := c.store.Commit(ctx, writes)
	cancel()
	for i := range batch {
		batch[i].done(results[i])
	}
	clear(batch)
}

// Stats are the batches and writes sent since the start.
func (c *Committer) Stats() (batches, writes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.batches, c.writes
}

// Close refuses new writes and waits until everything submitted has its result.
func (c *Committer) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for c.busy > 0 {
		c.idle.Wait()
	}
}

// IsFinal reports whether a result says for certain what happened.
func IsFinal(err error) bool {
	var dup *DuplicateError
	return err == nil || errors.Is(err, ErrStale) || errors.Is(err, ErrNotExecuted) || errors.As(err, &dup)
}
