package persistence

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
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
	head    int // of the queue: what is before it has been taken
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
// on another goroutine, with a result of [Store.Commit]; it must not block, as
// the next batch waits for it. Over the queue's bound, or after Close, done is
// not called and the answer is false. At most one write of a document may be
// submitted at a time, and its bytes may not be changed afterwards, whatever
// the result: a store may still read them when it answers ErrUnknown.
func (c *Committer) Submit(w Write, done func(error)) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || len(c.queue)-c.head >= c.o.MaxQueue {
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
	for {
		// Whoever is ready to run may submit first. On an idle machine this costs
		// nothing; on a busy one batches grow, and each commit costs the same.
		runtime.Gosched()
		writes, done := c.take()
		if len(writes) == 0 {
			return
		}
		results := c.commit(writes)
		for i, d := range done {
			d(results[i])
		}
	}
}

// take removes the next batch from the queue, each write in order of its
// submission. An empty one ends the drain that asked.
func (c *Committer) take() ([]Write, []func(error)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := min(len(c.queue)-c.head, c.o.MaxBatch)
	if n == 0 {
		c.queue, c.head = c.queue[:0], 0
		c.busy--
		c.idle.Broadcast()
		return nil, nil
	}
	// Not reused: the store may read a batch of unknown outcome after it answered.
	writes, done := make([]Write, n), make([]func(error), n)
	taken := c.queue[c.head : c.head+n]
	for i := range taken {
		writes[i], done[i] = taken[i].w, taken[i].done
	}
	clear(taken)
	// Moving the rest to the front only when it is the smaller half keeps a long
	// queue from being copied for every batch.
	if c.head += n; c.head > len(c.queue)/2 {
		rest := copy(c.queue, c.queue[c.head:])
		clear(c.queue[rest:])
		c.queue, c.head = c.queue[:rest], 0
	}
	c.batches++
	c.writes += int64(n)
	return writes, done
}

// commit writes one batch. A store that panics, or answers fewer results than it
// was given writes, leaves them unknown.
func (c *Committer) commit(writes []Write) (results []error) {
	defer func() {
		if p := recover(); p != nil {
			results = unknown(len(writes), fmt.Errorf("the store panicked: %v\n%s", p, debug.Stack()))
		}
	}()
	// Detached from any caller: a write cancelled half way would have an unknown outcome.
	ctx, cancel := context.WithTimeout(context.Background(), c.o.Timeout)
	defer cancel()
	results = c.store.Commit(ctx, writes)
	if len(results) != len(writes) {
		return unknown(len(writes), fmt.Errorf("the store gave %d results", len(results)))
	}
	return results
}

func unknown(n int, cause error) []error {
	results := make([]error, n)
	for i := range results {
		results[i] = fmt.Errorf("%w: %w", ErrUnknown, cause)
	}
	return results
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
