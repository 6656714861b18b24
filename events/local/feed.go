package local

import (
	"context"
	"sort"
	"sync"
	"time"

	"entrepot/events"
)

const (
	readChunk  = 512                    // entries in one read of a log
	errorPause = 100 * time.Millisecond // after a log could not be read
)

// entry is one event shared by all queues: read once, decoded once.
type entry struct {
	events.LogEntry
	route []bool // by queue.index

	once sync.Once
	env  events.Envelope
	err  error
}

func (e *entry) decode() (events.Envelope, error) {
	if e.Envelope != nil {
		return *e.Envelope, nil
	}
	e.once.Do(func() { e.env, e.err = events.ParseEnvelope(e.Body) })
	return e.env, e.err
}

// segment is a gapless section of a log: all entries in (after, last].
type segment struct {
	after, last int64
	entries     []*entry // append-only, so that readers may keep slices of it
	bytes       int
	used        int64 // the feed's clock at the last use
}

// feed reads one log for all queues. It caches what it has read, evicting the least recently used
// segment, so that queues at about the same position share one read. A queue that lags behind reads
// separately and does not delay the others.
type feed struct {
	b   *Broker
	log events.Log

	mu     sync.Mutex // held while reading: one read of a log at a time
	segs   []*segment // in order, disjoint
	bytes  int
	clock  int64
	end    int64     // position after which the last read found nothing; -1 if entries may have been added since
	routed int64     // entries up to here are matched against all queues
	router *progress // durable cursor of routed, stored for the queue "unrouted"

	progress []*progress   // by queue.index
	kick     chan struct{} // makes follow look again without an Appended signal; capacity 1
}

func newFeed(b *Broker, log events.Log) *feed {
	f := &feed{b: b, log: log, end: -1, kick: make(chan struct{}, 1)}
	f.routed = b.savedCursor(events.UnroutedQueue, log)
	f.router = newProgress(nil, f, f.routed)
	return f
}

// serve adds a queue to this log, starting at its saved cursor.
func (f *feed) serve(q *queue) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.progress = append(f.progress, newProgress(q, f, f.b.savedCursor(q.name, f.log)))
}

func (f *feed) progressOf(q *queue) *progress {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.progress[q.index]
}

// next returns entries after a position, in order; none at the end of the log.
func (f *feed) next(ctx context.Context, after int64) ([]*entry, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.clock++
	entries, err := f.find(ctx, after)
	f.routeNew(after, entries)
	return entries, err
}

func (f *feed) find(ctx context.Context, after int64) ([]*entry, error) {
	i := sort.Search(len(f.segs), func(i int) bool { return f.segs[i].after > after })
	if i > 0 && after < f.segs[i-1].last {
		return f.segs[i-1].from(after, f.clock), nil
	}
	if after == f.end {
		return nil, nil
	}
	fresh, err := f.read(ctx, after)
	if err != nil {
		return nil, err
	}
	if len(fresh) == 0 {
		f.end = after
		return nil, nil
	}
	if i < len(f.segs) { // stop where the next segment begins
		fresh = fresh[:sort.Search(len(fresh), func(k int) bool { return fresh[k].Seq > f.segs[i].after })]
		if len(fresh) == 0 { // the gap contains no entries
			f.segs[i].after = after
			return f.segs[i].from(after, f.clock), nil
		}
	}
	f.keep(i, after, fresh)
	return fresh, nil
}

func (s *segment) from(after, clock int64) []*entry {
	s.used = clock
	return s.entries[sort.Search(len(s.entries), func(i int) bool { return s.entries[i].Seq > after }):]
}

func (f *feed) read(ctx context.Context, after int64) ([]*entry, error) {
	raw, err := f.log.Read(ctx, after, readChunk)
	if err != nil {
		return nil, err
	}
	routes := f.b.topo.Load()
	block := make([]entry, len(raw))
	fresh := make([]*entry, len(raw))
	for i := range raw {
		block[i].LogEntry = raw[i]
		block[i].route = routes.route(raw[i].Type)
		fresh[i] = &block[i]
	}
	f.b.stats.read.Add(int64(len(raw)))
	return fresh, nil
}

// keep caches fresh entries in the segment before i or in a new one, and evicts segments over the
// limit.
func (f *feed) keep(i int, after int64, fresh []*entry) {
	size := 0
	for _, e := range fresh {
		size += len(e.Body)
	}
	last := fresh[len(fresh)-1].Seq
	if i > 0 && f.segs[i-1].last == after && len(f.segs[i-1].entries)+len(fresh) <= readChunk {
		s := f.segs[i-1]
		s.entries, s.last, s.bytes, s.used = append(s.entries, fresh...), last, s.bytes+size, f.clock
	} else {
		f.segs = append(f.segs, nil)
		copy(f.segs[i+1:], f.segs[i:])
		entries := append(make([]*entry, 0, len(fresh)), fresh...)
		f.segs[i] = &segment{after: after, last: last, entries: entries, bytes: size, used: f.clock}
	}
	for f.bytes += size; f.bytes > f.b.o.CacheBytes && len(f.segs) > 1; {
		oldest := 0
		for k, s := range f.segs {
			if s.used < f.segs[oldest].used {
				oldest = k
			}
		}
		f.bytes -= f.segs[oldest].bytes
		f.segs = append(f.segs[:oldest], f.segs[oldest+1:]...)
	}
}

// forget drops all cached entries, because their routes belong to an older topology.
func (f *feed) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.segs, f.bytes = nil, 0
}

// routeNew records unrouted entries, wakes the queues that match new entries, and advances waiting
// queues that match none.
func (f *feed) routeNew(after int64, entries []*entry) {
	if len(entries) == 0 || after > f.routed || entries[len(entries)-1].Seq <= f.routed {
		return
	}
	from, wake := f.routed, make([]bool, len(f.progress))
	for _, e := range entries {
		if e.Seq > from {
			f.routeOne(e, wake)
		}
	}
	f.routed = entries[len(entries)-1].Seq
	f.router.pass(f.routed)
	for i, p := range f.progress {
		if wake[i] {
			signal(p.queue.wake)
		} else {
			p.skip(from, f.routed)
		}
	}
	f.b.writer.cursorMoved()
}

func (f *feed) routeOne(e *entry, wake []bool) {
	lost := true
	for i, yes := range e.route {
		if yes {
			wake[i], lost = true, false
		}
	}
	if lost {
		f.noteUnrouted(e)
	}
}

func (f *feed) noteUnrouted(e *entry) {
	if !f.router.begin(e.Seq) {
		return
	}
	f.b.stats.unrouted.Add(1)
	f.b.writer.submit(op{
		run: func(s *statements) error {
			_, err := s.saveUnrouted.Exec(f.log.Name(), e.Seq, e.Type, e.Body)
			return err
		},
		done: func(err error) {
			if err == nil {
				f.router.settle(e.Seq)
			}
		},
		keep: true,
	})
}

// follow watches the end of the log until the broker closes. It reads only when a queue waits
// there; a queue that is behind reads by itself.
func (f *feed) follow() {
	appended, cancel := f.log.Appended()
	defer cancel()
	for {
		more, err := f.lookAhead()
		var again <-chan time.Time
		switch {
		case err != nil && f.b.ctx.Err() == nil:
			f.b.warn("reading a log failed", f.log.Name(), err)
			again = time.After(errorPause)
		case more:
			continue
		}
		select {
		case <-appended:
			f.noteAppended()
		case <-f.kick:
		case <-again:
		case <-f.b.quit:
			return
		}
	}
}

// noteAppended handles an Appended signal. The signal follows the append and f.mu is held while reading,
// so an end that was read before the append is always reset.
func (f *feed) noteAppended() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.end = -1
}

func (f *feed) lookAhead() (more bool, err error) {
	select {
	case <-f.b.quit:
		return false, nil
	default:
	}
	if len(f.b.topo.Load().queues) == 0 { // every entry would be unrouted
		return false, nil
	}
	routed, wait := f.othersWillRead()
	if wait {
		return false, nil
	}
	entries, err := f.next(f.b.ctx, routed)
	return len(entries) > 0, err
}

// othersWillRead reports whether every running consumer is still behind routed. Each of them reads
// until it finds the end, so the first to get there reads for all.
func (f *feed) othersWillRead() (routed int64, yes bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.progress {
		if !p.queue.running.Load() {
			continue
		}
		if yes = p.position() < f.routed; !yes {
			break
		}
	}
	return f.routed, yes
}
