// Package outbox passes committed events to the broker. [Outbox] serves stores that keep
// unpublished events in their documents; [Relay] forwards the log of a store that has one to an
// external broker.
//
// An outbox is two goroutines behind plain methods rather than an actor: an actor's mailbox would
// add a hop and a second limit beside the limit on events.
package outbox

import (
	"container/heap"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"entrepot/events"
)

// unreachableAfter is the number of consecutive failures after which the broker counts as unreachable.
// Fewer may be caused by a single bad batch.
const unreachableAfter = 3

// Options configures an outbox. Zero values select the defaults.
type Options struct {
	MaxEvents   int           // offered and unconfirmed events, default 50,000
	MaxInFlight int           // of these, published at a time, default 5,000; keep it below the broker's own limit
	MinBackoff  time.Duration // after the first failure, doubling, with jitter, default 100 ms
	MaxBackoff  time.Duration // default 5 s
	Drain       time.Duration // how long Close waits for confirmations, default 5 s
	Logger      *slog.Logger  // default slog.Default()
}

func (o Options) withDefaults() Options {
	if o.MaxEvents <= 0 {
		o.MaxEvents = 50_000
	}
	if o.MaxInFlight <= 0 {
		o.MaxInFlight = 5000
	}
	if o.MinBackoff <= 0 {
		o.MinBackoff = 100 * time.Millisecond
	}
	if o.MaxBackoff <= 0 {
		o.MaxBackoff = 5 * time.Second
	}
	if o.Drain <= 0 {
		o.Drain = 5 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

// backoff returns the pause after n consecutive failures, n from 1.
func (o Options) backoff(n int) time.Duration {
	d := o.MinBackoff
	for ; n > 1 && d < o.MaxBackoff; n-- {
		d *= 2
	}
	d = min(d, o.MaxBackoff)
	return d/2 + rand.N(d/2+1) //nolint:gosec // jitter
}

// Stats counts events since the outbox was opened.
type Stats struct {
	Offered   int64 // accepted
	Refused   int64 // above MaxEvents or after Close
	Confirmed int64
	Retried   int64 // published again after a failure
	Pending   int64 // offered and not yet confirmed
}

// Outbox publishes offered events until the broker has confirmed them.
type Outbox struct {
	b events.Broker
	o Options

	offered, refused, confirmed, retried atomic.Int64

	mu            sync.Mutex
	ready         []*parcel // to publish now, in order
	waiting       parcels   // to publish later
	pending       int       // events offered and not yet confirmed
	inFlight      int       // events passed to the broker
	failures      int       // consecutive
	closed        bool
	confirmations []func() // callbacks of confirmed batches

	wake        chan struct{} // wakes publishLoop; capacity 1
	confirmWake chan struct{} // wakes confirmLoop; capacity 1
	quit        chan struct{} // ends publishing
	empty       chan struct{} // closed when nothing is in flight after quit
	stop        chan struct{} // ends confirmLoop
	loops       sync.WaitGroup
}

// parcel is one offered batch.
type parcel struct {
	events    []events.Envelope
	confirmed func()
	failed    int // consecutive failures
	due       time.Time
}

// New starts an outbox in front of a broker. Close the outbox before the broker.
func New(b events.Broker, o Options) *Outbox {
	x := &Outbox{
		b: b, o: o.withDefaults(),
		wake: make(chan struct{}, 1), confirmWake: make(chan struct{}, 1),
		quit: make(chan struct{}), empty: make(chan struct{}), stop: make(chan struct{}),
	}
	x.loops.Go(x.publishLoop)
	x.loops.Go(x.confirmLoop)
	return x
}

// Offer accepts a batch of one aggregate's events, in order, and publishes it until the broker has
// confirmed it. It then calls confirmed once, on another goroutine, where it must not block for
// long; the caller offers the aggregate's next batch after that. Above MaxEvents and after Close,
// Offer returns false and confirmed is never called; the document's wakeAt leads to another offer.
func (x *Outbox) Offer(batch []events.Envelope, confirmed func()) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed || x.pending+len(batch) > x.o.MaxEvents {
		x.refused.Add(int64(len(batch)))
		return false
	}
	x.pending += len(batch)
	x.offered.Add(int64(len(batch)))
	x.ready = append(x.ready, &parcel{events: batch, confirmed: confirmed})
	signal(x.wake)
	return true
}

// Stats returns the current counters.
func (x *Outbox) Stats() Stats {
	x.mu.Lock()
	defer x.mu.Unlock()
	return Stats{
		Offered: x.offered.Load(), Refused: x.refused.Load(), Confirmed: x.confirmed.Load(),
		Retried: x.retried.Load(), Pending: int64(x.pending),
	}
}

// Close stops publishing, waits up to Drain for the confirmations of published events, and stops.
// Repeated calls are harmless.
func (x *Outbox) Close() {
	x.mu.Lock()
	first := !x.closed
	x.closed = true
	if first {
		close(x.quit)
		x.noteEmpty()
	}
	x.mu.Unlock()
	if first {
		select {
		case <-x.empty:
		case <-time.After(x.o.Drain):
		}
		close(x.stop)
	}
	x.loops.Wait()
}

// noteEmpty signals Close when nothing is in flight any more.
func (x *Outbox) noteEmpty() {
	if x.closed && x.inFlight == 0 {
		select {
		case <-x.empty:
		default:
			close(x.empty)
		}
	}
}

func (x *Outbox) publishLoop() {
	for {
		batch, next := x.take(time.Now())
		for _, p := range batch {
			x.b.Publish(p.events, func(err error) { x.done(p, err) })
		}
		var later <-chan time.Time
		if !next.IsZero() {
			later = time.After(time.Until(next))
		}
		select {
		case <-x.wake:
		case <-later:
		case <-x.quit:
			return
		}
	}
}

// take returns the batches to publish now and the time of the next retry.
func (x *Outbox) take(now time.Time) (batch []*parcel, next time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for len(x.waiting) > 0 && !x.waiting[0].due.After(now) {
		x.retried.Add(int64(len(x.waiting[0].events)))
		x.ready = append(x.ready, heap.Pop(&x.waiting).(*parcel)) //nolint:forcetypeassert // a heap of parcels
	}
	for !x.closed && len(x.ready) > 0 && x.fits(x.ready[0]) {
		p := x.ready[0]
		x.ready[0] = nil
		x.ready = x.ready[1:]
		x.inFlight += len(p.events)
		batch = append(batch, p)
	}
	if len(x.waiting) > 0 {
		next = x.waiting[0].due
	}
	return batch, next
}

// fits reports whether a batch fits into the in-flight window. A batch larger than the window fits
// when it is alone.
func (x *Outbox) fits(p *parcel) bool {
	return x.inFlight == 0 || x.inFlight+len(p.events) <= x.o.MaxInFlight
}

// done handles the broker's result. It runs on any goroutine, including publishLoop's.
func (x *Outbox) done(p *parcel, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.inFlight -= len(p.events)
	if err == nil {
		x.resetBackoff()
		x.pending -= len(p.events)
		x.confirmed.Add(int64(len(p.events)))
		x.confirmations = append(x.confirmations, p.confirmed)
		signal(x.confirmWake)
	} else {
		x.scheduleRetry(p, err)
	}
	x.noteEmpty()
	signal(x.wake)
}

func (x *Outbox) scheduleRetry(p *parcel, err error) {
	p.failed++
	p.due = time.Now().Add(x.o.backoff(p.failed))
	heap.Push(&x.waiting, p)
	if x.failures++; x.failures == unreachableAfter && !x.closed {
		x.o.Logger.Warn("outbox: the broker does not accept events, retrying", "error", err)
	}
}

// resetBackoff clears the retry delays once the broker accepts events again.
func (x *Outbox) resetBackoff() {
	if x.failures >= unreachableAfter {
		x.o.Logger.Info("outbox: the broker accepts events again", "pending", x.pending)
		now := time.Now()
		for _, p := range x.waiting { // all get equal keys, so the heap order holds
			p.due, p.failed = now, 0
		}
	}
	x.failures = 0
}

// confirmLoop calls the confirmed callbacks, so that the broker's goroutine is not blocked by them.
func (x *Outbox) confirmLoop() {
	for {
		x.mu.Lock()
		confirmations := x.confirmations
		x.confirmations = nil
		x.mu.Unlock()
		for _, confirmed := range confirmations {
			confirmed()
		}
		if len(confirmations) > 0 {
			continue
		}
		select {
		case <-x.confirmWake:
		case <-x.stop:
			x.mu.Lock()
			rest := x.confirmations
			x.confirmations = nil
			x.mu.Unlock()
			for _, confirmed := range rest {
				confirmed()
			}
			return
		}
	}
}

// parcels is a heap ordered by due.
type parcels []*parcel

func (h parcels) Len() int           { return len(h) }
func (h parcels) Less(i, k int) bool { return h[i].due.Before(h[k].due) }
func (h parcels) Swap(i, k int)      { h[i], h[k] = h[k], h[i] }

// Push implements heap.Interface.
func (h *parcels) Push(p any) { *h = append(*h, p.(*parcel)) } //nolint:forcetypeassert // a heap of parcels

// Pop implements heap.Interface.
func (h *parcels) Pop() any {
	old := *h
	p := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return p
}

// signal wakes the receiver of a channel of capacity 1.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
