package edge

import (
	"container/heap"
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"entrepot"
)

// Places lets a bounded number of requests in at a time. Many more callers than
// cores only make everybody's tail long, so the others wait shortly and are then
// told when to come back. Who waits is served by flow, a tenant or a customer
// each: the place that becomes free goes to the flow that holds the fewest
// (max-min fairness), so that one with a thousand requests waiting does not keep
// another's single one. The last eighth of the places is no one flow's, so that
// a newcomer finds one at once.
type Places struct {
	n, most int // places, and how many one flow may hold
	wait    time.Duration

	mu      sync.Mutex
	held    int
	flows   map[string]*flow
	waiting flowHeap // flows with requests that wait and may hold more
	queued  int
	turn    uint64
}

// flow is the requests of one tenant, customer or address.
type flow struct {
	key   string
	held  int
	turn  uint64 // of its last place: of equals, who had one longest ago is next
	queue []*waiter
	at    int // in the heap; -1: not in it
}

// waiter is a request without a place.
type waiter struct {
	admitted chan struct{}
	in, gone bool
}

// maxQueued bounds the requests that wait, of all flows together.
const maxQueued = 8192

// NewPlaces makes n places; a request waits for one no longer than wait.
func NewPlaces(n int, wait time.Duration) *Places {
	return &Places{n: n, most: max(1, n-n/8), wait: wait, flows: map[string]*flow{}}
}

// place is one request's, until it is given back.
type place struct {
	p    *Places
	f    *flow
	left atomic.Bool
}

func (x *place) leave() {
	if x.left.CompareAndSwap(false, true) {
		x.p.release(x.f)
	}
}

type placeKey struct{}

// LeavePlace gives the request's place to others: it is about to wait for
// something that has a bound of its own.
func LeavePlace(ctx context.Context) {
	if x, ok := ctx.Value(placeKey{}).(*place); ok {
		x.leave()
	}
}

// Bound lets a request in when it has a place.
func (p *Places) Bound() Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx := r.Context()
			f := p.enter(ctx, flowOf(entrepot.CallerFrom(ctx)))
			if f == nil {
				WriteProblem(w, r, entrepot.Unavailable("too many requests are being served right now"))
				return
			}
			x := &place{p: p, f: f}
			defer x.leave()
			next.ServeHTTP(w, r.WithContext(context.WithValue(ctx, placeKey{}, x)))
		})
	}
}

// flowOf is whose request it is: the staff of a company are one, every customer
// and every address without a token is one.
func flowOf(c entrepot.Caller) string {
	switch {
	case c.CompanyID != "":
		return "company:" + c.CompanyID
	case c.UserID != "":
		return "user:" + c.UserID
	default:
		return "ip:" + c.IP
	}
}

// enter answers the flow that now holds a place more, nil when there was none in time.
func (p *Places) enter(ctx context.Context, key string) *flow {
	p.mu.Lock()
	f := p.flows[key]
	if f == nil {
		f = &flow{key: key, at: -1}
		p.flows[key] = f
	}
	if p.held < p.n && f.held < p.most {
		p.take(f)
		p.mu.Unlock()
		return f
	}
	if p.queued >= maxQueued {
		p.forget(f)
		p.mu.Unlock()
		return nil
	}
	x := &waiter{admitted: make(chan struct{})}
	f.queue = append(f.queue, x)
	p.queued++
	p.sift(f)
	p.mu.Unlock()

	t := time.NewTimer(p.wait)
	defer t.Stop()
	select {
	case <-x.admitted:
		return f
	case <-t.C:
	case <-ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if x.in { // at the same moment
		return f
	}
	x.gone = true // its place in the queue goes when it is met
	p.queued--
	p.drop(f)
	return nil
}

func (p *Places) take(f *flow) {
	p.held++
	p.turn++
	f.held++
	f.turn = p.turn
}

// release gives a place back, and to the next who waits.
func (p *Places) release(f *flow) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held--
	f.held--
	p.sift(f)
	for p.held < p.n && len(p.waiting) > 0 {
		next := p.waiting[0]
		x := next.queue[0]
		next.queue = next.queue[1:]
		if !x.gone {
			p.take(next)
			p.queued--
			x.in = true
			close(x.admitted)
		}
		p.sift(next)
	}
	p.forget(f)
}

// drop takes those who have left from the end of a queue, so that a flow of
// which nobody waits any more is not kept.
func (p *Places) drop(f *flow) {
	for n := len(f.queue); n > 0 && f.queue[n-1].gone; n-- {
		f.queue = f.queue[:n-1]
	}
	for len(f.queue) > 0 && f.queue[0].gone {
		f.queue = f.queue[1:]
	}
	p.sift(f)
	p.forget(f)
}

// sift keeps the heap: in it are the flows that wait and may hold more.
func (p *Places) sift(f *flow) {
	eligible := len(f.queue) > 0 && f.held < p.most
	switch {
	case eligible && f.at < 0:
		heap.Push(&p.waiting, f)
	case eligible:
		heap.Fix(&p.waiting, f.at)
	case f.at >= 0:
		heap.Remove(&p.waiting, f.at)
	}
}

func (p *Places) forget(f *flow) {
	if f.held == 0 && len(f.queue) == 0 {
		delete(p.flows, f.key)
	}
}

// flowHeap has the flow with the fewest places on top.
type flowHeap []*flow

func (h flowHeap) Len() int { return len(h) }
func (h flowHeap) Less(i, j int) bool {
	if h[i].held != h[j].held {
		return h[i].held < h[j].held
	}
	return h[i].turn < h[j].turn
}
func (h flowHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i]; h[i].at, h[j].at = i, j }
func (h *flowHeap) Push(x any)   { f := x.(*flow); f.at = len(*h); *h = append(*h, f) }
func (h *flowHeap) Pop() any {
	old := *h
	f := old[len(old)-1]
	old[len(old)-1] = nil
	*h, f.at = old[:len(old)-1], -1
	return f
}
