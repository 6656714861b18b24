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

// CommitterOptions configures a committer. Zero values select the defaults.
type CommitterOptions struct {
	MaxBatch int           // maximum writes in one batch, default 256
	InFlight int           // concurrent batches, default 1
	MaxQueue int           // maximum waiting writes, default 16384
	Timeout  time.Duration // of one batch, default 5 s
}

// Committer sends the writes that this member's grains submit for one database as batches. No timer
// delays a batch: each contains the writes that arrived while the previous one was being written.
type Committer struct {
	store Store
	o     CommitterOptions

	mu      sync.Mutex
	queue   []pendingWrite
	head    int // index of the first waiting write in queue
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

// NewCommitter returns a committer for a store. It runs goroutines only while there are writes.
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

// Store returns the store that the committer writes to.
func (c *Committer) Store() Store { return c.store }

// Submit queues one write and returns at once. It calls done exactly once, on another goroutine,
// with a result of [Store.Commit]; done must not block, because the next batch waits for it. If the
// queue is full or the committer is closed, Submit returns false and never calls done.
//
// At most one write of a document may be submitted at a time. The write's bytes must not be changed
// afterwards, whatever the result, because a store may still read them after it returned
// ErrUnknown.
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

// drain writes batches until the queue is empty.
func (c *Committer) drain() {
	for {
		// Yield, so that other runnable goroutines can submit first. This costs nothing on an idle
		// machine; on a busy one batches grow while the cost per commit stays the same.
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

// take removes the next batch from the queue, in order of submission. If the queue is empty, it
// marks the calling drain as finished and returns nil.
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
	// Fresh slices, because the store may still read a batch of unknown outcome.
	writes, done := make([]Write, n), make([]func(error), n)
	taken := c.queue[c.head : c.head+n]
	for i := range taken {
		writes[i], done[i] = taken[i].w, taken[i].done
	}
	clear(taken)
	// The rest moves to the front only if it is the smaller half, so that a long queue is not
	// copied for every batch.
	if c.head += n; c.head > len(c.queue)/2 {
		rest := copy(c.queue, c.queue[c.head:])
		clear(c.queue[rest:])
		c.queue, c.head = c.queue[:rest], 0
	}
	c.batches++
	c.writes += int64(n)
	return writes, done
}

// commit writes one batch. If the store panics or returns the wrong number of results, all results
// are ErrUnknown.
func (c *Committer) commit(writes []Write) (results []error) {
	defer func() {
		if p := recover(); p != nil {
			results = unknown(len(writes), fmt.Errorf("the store panicked: %v\n%s", p, debug.Stack()))
		}
	}()
	// The context is detached from callers, because cancelling a write half-way would leave its
	// outcome unknown.
	ctx, cancel := context.WithTimeout(context.Background(), c.o.Timeout)
	defer cancel()
	results = c.store.Commit(ctx, writes)
	if len(results) != len(writes) {
		return unknown(len(writes), fmt.Errorf("the store returned %d results for %d writes", len(results), len(writes)))
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

// Stats returns the number of batches and writes sent since the start.
func (c *Committer) Stats() (batches, writes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.batches, c.writes
}

// Close rejects new writes and waits until every submitted write has its result.
func (c *Committer) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for c.busy > 0 {
		c.idle.Wait()
	}
}

// IsFinal reports whether the outcome of a write is known: written, or certainly not written.
func IsFinal(err error) bool {
	var dup *DuplicateError
	return err == nil || errors.Is(err, ErrStale) || errors.Is(err, ErrNotExecuted) || errors.As(err, &dup)
}
