// Package outbox hands committed events to the broker. [Outbox] serves stores
// whose events ride in the documents; [Relay] forwards the log of a store that
// has one to a broker that is elsewhere.
//
// The design speaks of an outbox actor. Here it is two owned goroutines behind
// plain methods: what an actor would add is a mailbox, and with it one more hop
// and a second bound beside the one in events that is wanted here.
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

// awayAfter is how many failures in a row mean that the broker is away, and not
// that one batch is a bad one.
const awayAfter = 3

// Options of an outbox. Zero values mean the defaults.
type Options struct {
	MaxEvents   int           // offered and not confirmed, default 50,000
	MaxInFlight int           // of these, handed to the broker at a time, default 5,000; below the broker's own bound
	MinBackoff  time.Duration // after the first failure, doubling, jittered, default 100 ms
	MaxBackoff  time.Duration // default 5 s
	Drain       time.Duration // how long Close waits for confirms, default 5 s
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

// backoff is the pause after the n-th failure in a row, n from 1.
func (o Options) backoff(n int) time.Duration {
	d := o.MinBackoff
	for ; n > 1 && d < o.MaxBackoff; n-- {
		d *= 2
	}
	d = min(d, o.MaxBackoff)
	return d/2 + rand.N(d/2+1) //nolint:gosec // jitter
}

// Stats counts events since the start.
type Stats struct {
	Offered   int64 // accepted
	Refused   int64 // over the bound
	Confirmed int64
	Retried   int64 // published again after a failure
	Pending   int64 // now
}

// Outbox publishes what it is offered until the broker has confirmed it.
type Outbox struct {
	b events.Broker
	o Options

	offered, refused, confirmed, retried atomic.Int64

	mu       sync.Mutex
	ready    []*parcel // to be published now, in order
	waiting  parcels   // to be published later
	pending  int       // events offered and not confirmed
	inFlight int       // events handed to the broker
	failures int       // in a row
	closed   bool
	told     []func() // confirmed, to be called

	wake  chan struct{} // for publish; capacity 1
	tell  chan struct{} // for answer; capacity 1
	quit  chan struct{} // no more publishing
	empty chan struct{} // nothing in flight any more, after quit; closed
	stop  chan struct{} // no more answering
	loops sync.WaitGroup
}

// parcel is one offered batch.
type parcel struct {
	events    []events.Envelope
	confirmed func()
	failed    int // in a row
	due       time.Time
}

// New starts an outbox before a broker. Close the outbox before the broker.
func New(b events.Broker, o Options) *Outbox {
	x := &Outbox{
		b: b, o: o.withDefaults(),
		wake: make(chan struct{}, 1), tell: make(chan struct{}, 1),
		quit: make(chan struct{}), empty: make(chan struct{}), stop: make(chan struct{}),
	}
	x.loops.Go(x.publishLoop)
	x.loops.Go(x.answerLoop)
	return x
}

// Offer takes a batch of one aggregate's events, in order, and publishes it until
// the broker has it: while the broker is away, again and again. Then confirmed is
// called, once, on another goroutine, where it must not block for long. The caller
// offers the next batch of an aggregate after that. Over the bound, and after
// Close, the answer is false and confirmed is not called: the document's wakeAt
// brings the events back.
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

// Stats answers the counters as they are now.
func (x *Outbox) Stats() Stats {
	x.mu.Lock()
	defer x.mu.Unlock()
	return Stats{
		Offered: x.offered.Load(), Refused: x.refused.Load(), Confirmed: x.confirmed.Load(),
		Retried: x.retried.Load(), Pending: int64(x.pending),
	}
}

// Close publishes nothing more, waits a while for the confirms of what the broker
// was handed, and ends. Twice is harmless.
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

// noteEmpty tells Close when nothing is in flight any more.
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

// take answers what may be published now, and when the next retry is due.
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

// fits lets a batch pass that is larger than the window, when it is alone.
func (x *Outbox) fits(p *parcel) bool {
	return x.inFlight == 0 || x.inFlight+len(p.events) <= x.o.MaxInFlight
}

// done is the broker's answer, on any goroutine, the publishing one included.
func (x *Outbox) done(p *parcel, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.inFlight -= len(p.events)
	if err == nil {
		x.back()
		x.pending -= len(p.events)
		x.confirmed.Add(int64(len(p.events)))
		x.told = append(x.told, p.confirmed)
		signal(x.tell)
	} else {
		x.putOff(p, err)
	}
	x.noteEmpty()
	signal(x.wake)
}

func (x *Outbox) putOff(p *parcel, err error) {
	p.failed++
	p.due = time.Now().Add(x.o.backoff(p.failed))
	heap.Push(&x.waiting, p)
	if x.failures++; x.failures == awayAfter && !x.closed {
		x.o.Logger.Warn("outbox: the broker does not take events, trying on", "error", err)
	}
}

// back ends the pauses of those that wait, once the broker takes events again.
func (x *Outbox) back() {
	if x.failures >= awayAfter {
		x.o.Logger.Info("outbox: the broker takes events again", "pending", x.pending)
		now := time.Now()
		for _, p := range x.waiting { // all alike, so the heap stays one
			p.due, p.failed = now, 0
		}
	}
	x.failures = 0
}

// answerLoop calls confirmed, so that the broker's goroutine need not.
func (x *Outbox) answerLoop() {
	for {
		x.mu.Lock()
		told := x.told
		x.told = nil
		x.mu.Unlock()
		for _, confirmed := range told {
			confirmed()
		}
		if len(told) > 0 {
			continue
		}
		select {
		case <-x.tell:
		case <-x.stop:
			x.mu.Lock()
			rest := x.told
			x.told = nil
			x.mu.Unlock()
			for _, confirmed := range rest {
				confirmed()
			}
			return
		}
	}
}

// parcels is a heap by due.
type parcels []*parcel

func (h parcels) Len() int           { return len(h) }
func (h parcels) Less(i, k int) bool { return h[i].due.Before(h[k].due) }
func (h parcels) Swap(i, k int)      { h[i], h[k] = h[k], h[i] }

// Push adds a parcel, for container/heap.
func (h *parcels) Push(p any) { *h = append(*h, p.(*parcel)) } //nolint:forcetypeassert // a heap of parcels

// Pop removes the last parcel, for container/heap.
func (h *parcels) Pop() any {
	old := *h
	p := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return p
}

// signal wakes whoever waits on a channel of capacity 1.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
