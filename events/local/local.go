// Package local is the embedded broker that replaces RabbitMQ when everything runs in one process.
// Stores write their events as rows beside their documents and attach the resulting log
// ([Broker.Attach]); a queue is a cursor over each log. An event therefore costs one row, about one
// read and one decode, however many queues receive it. Only failures have rows of their own. Start
// reading with [Open] and feed.go.
//
// Order: first deliveries of an aggregate come in the order of its log, also with Concurrency above
// 1, which divides the aggregates among the calls. A failed delivery waits for its retry without
// delaying others, so a retry may come after later events of its aggregate. Only one consumer of a
// queue is served at a time, because several would break the order; the next takes over when it
// stops.
package local

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"entrepot/events"
)

var (
	errClosed = errors.New("local broker: closed")
	errFull   = errors.New("local broker: too many events are waiting to be written")
)

// Options configures a broker. Zero values select the defaults.
type Options struct {
	Keep        int64         // entries kept in a log after every queue has passed them, default 100,000; negative: none
	TrimEvery   time.Duration // between two trims, default 1 min
	CursorEvery time.Duration // the longest time an acknowledgement stays unsaved, default 50 ms
	MaxPending  int           // published events waiting to be written, default 10,000
	CacheBytes  int           // bodies of one log kept for the slower queues, default 2 MiB
	Logger      *slog.Logger  // default slog.Default()
}

func (o Options) withDefaults() Options {
	if o.Keep == 0 {
		o.Keep = 100_000
	}
	if o.TrimEvery <= 0 {
		o.TrimEvery = time.Minute
	}
	if o.CursorEvery <= 0 {
		o.CursorEvery = 50 * time.Millisecond
	}
	if o.MaxPending <= 0 {
		o.MaxPending = 10_000
	}
	if o.CacheBytes <= 0 {
		o.CacheBytes = 2 << 20
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

// Broker implements [events.Broker] on one SQLite file and the attached logs.
type Broker struct {
	o      Options
	db     *database
	writer *writer
	own    *ownLog // the log that Publish appends to
	stats  counters

	ctx    context.Context // context of reads; done after quit
	cancel context.CancelFunc
	quit   chan struct{}
	loops  sync.WaitGroup // feeds and the trimmer

	topo atomic.Pointer[topology]

	mu      sync.Mutex
	closed  bool            // every queue ever declared; all of them delay trimming
	known   map[string]bool // every queue ever declared: they all hold up a trim
	stored  map[cursorKey]int64
	feeds   []*feed // copied on write
	running map[*consumer]struct{}
}

// queue is one declared queue.
type queue struct {
	name    string        // position in topology.queues, permanent
	index   int           // signalled when there may be something to deliver; capacity 1
	wake    chan struct{} // held by the active consumer; capacity 1
	turn    chan struct{} // a consumer holds turn
	running atomic.Bool   // somebody holds the turn
	retries retries
}

// topology is the set of declared queues. It is copied on write.
type topology struct {
	queues   []*queue
	bindings [][]string // by queue.index
	routes   sync.Map   // type → []bool by queue.index
}

var _ events.Broker = (*Broker)(nil)

// Open opens or creates the broker's file. The context limits only the opening.
func Open(ctx context.Context, path string, o Options) (*Broker, error) {
	db, err := openDatabase(ctx, path)
	if err != nil {
		return nil, err
	}
	b := &Broker{
		o: o.withDefaults(), db: db,
		quit: make(chan struct{}), known: map[string]bool{}, running: map[*consumer]struct{}{},
	}
	names, err := db.queues(ctx)
	if err == nil {
		b.stored, err = db.cursors(ctx)
	}
	if err != nil {
		_ = db.close()
		return nil, fmt.Errorf("local broker %s: %w", path, err)
	}
	for _, name := range names {
		b.known[name] = true
	}
	b.ctx, b.cancel = context.WithCancel(context.Background())
	b.topo.Store(&topology{})
	b.writer = startWriter(db, b.o.CursorEvery, b.movedCursors)
	b.own = &ownLog{b: b}
	b.Attach(b.own)
	b.loops.Go(b.trimLoop)
	return b, nil
}

// Attach adds a log that a store writes. The log's entries must become visible in the order of
// their Seq. Attach may be called at any time, once for each log; the log's name must be unique and
// stay the same across restarts, otherwise Attach panics or the queues lose their positions. Close
// the broker before the store.
func (b *Broker) Attach(log events.Log) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return
	}
	for _, f := range b.feeds {
		if f.log.Name() == log.Name() {
			panic("local broker: a log named " + log.Name() + " is attached already")
		}
	}
	f := newFeed(b, log)
	for _, q := range b.topo.Load().queues {
		f.serve(q)
		signal(q.wake)
	}
	b.feeds = append(append([]*feed(nil), b.feeds...), f)
	b.loops.Go(f.follow)
}

// Declare creates the queues. A new queue begins with the oldest entry that its logs still hold.
// Declaring a queue again replaces its bindings.
func (b *Broker) Declare(ctx context.Context, queues []events.Queue) error {
	err := b.writer.do(ctx, op{run: func(s *statements) error {
		for _, q := range queues {
			if _, err := s.saveQueue.Exec(q.Name); err != nil {
				return err
			}
		}
		return nil
	}})
	if err != nil {
		return fmt.Errorf("local broker: declare: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	old := b.topo.Load()
	next := &topology{
		queues:   append([]*queue(nil), old.queues...),
		bindings: append([][]string(nil), old.bindings...),
	}
	for _, q := range queues {
		b.known[q.Name] = true
		b.place(next, q)
	}
	b.topo.Store(next)
	for _, f := range b.feeds {
		f.forget() // cached entries were routed by the old bindings
		signal(f.kick)
	}
	return nil
}

func (b *Broker) place(t *topology, declared events.Queue) {
	if q := t.find(declared.Name); q != nil {
		t.bindings[q.index] = declared.Bindings
		return
	}
	q := &queue{
		name: declared.Name, index: len(t.queues),
		wake: make(chan struct{}, 1), turn: make(chan struct{}, 1),
	}
	t.queues = append(t.queues, q)
	t.bindings = append(t.bindings, declared.Bindings)
	for _, f := range b.feeds {
		f.serve(q)
	}
}

func (t *topology) find(name string) *queue {
	for _, q := range t.queues {
		if q.name == name {
			return q
		}
	}
	return nil
}

// route returns which queues receive an event type, by queue.index.
func (t *topology) route(typ string) []bool {
	if known, ok := t.routes.Load(typ); ok {
		return known.([]bool)
	}
	to := make([]bool, len(t.queues))
	for i := range t.queues {
		for _, pattern := range t.bindings[i] {
			to[i] = to[i] || events.Match(pattern, typ)
		}
	}
	t.routes.Store(typ, to)
	return to
}

// Consume delivers a queue to a handler until Stop or Close. It returns an error if the queue was
// not declared.
func (b *Broker) Consume(queue string, o events.ConsumeOptions, h events.Handler) (events.Subscription, error) {
	q := b.topo.Load().find(queue)
	if q == nil {
		return nil, fmt.Errorf("local broker: consume: queue %s is not declared", queue)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, errClosed
	}
	c := newConsumer(b, q, o.WithDefaults(), h)
	b.running[c] = struct{}{}
	go c.run()
	return c, nil
}

func (b *Broker) ended(c *consumer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.running, c)
}

// Ping checks that the file can be read.
func (b *Broker) Ping(ctx context.Context) error {
	select {
	case <-b.quit:
		return errClosed
	default:
		return b.db.reads.PingContext(ctx)
	}
}

// Close stops the consumers, saves their acknowledgements and closes the file.
func (b *Broker) Close() error {
	b.mu.Lock()
	first := !b.closed
	b.closed = true
	stopping := make([]*consumer, 0, len(b.running))
	for c := range b.running {
		stopping = append(stopping, c)
	}
	b.mu.Unlock()
	for _, c := range stopping {
		c.signalStop() // all at once rather than one after the other
	}
	for _, c := range stopping {
		c.Stop()
	}
	if first {
		close(b.quit)
		b.cancel()
	}
	b.loops.Wait()
	b.writer.close()
	if !first {
		return nil
	}
	return b.db.close()
}

func (b *Broker) allFeeds() []*feed {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.feeds
}

// savedCursor returns a queue's position in a log when the broker was opened. The caller holds
// b.mu.
func (b *Broker) savedCursor(queue string, log events.Log) int64 {
	return b.stored[cursorKey{queue, log.Name()}]
}

// movedCursors returns the cursors that differ from the file.
func (b *Broker) movedCursors() (moved []cursor) {
	for _, f := range b.allFeeds() {
		f.mu.Lock()
		all := append([]*progress{f.router}, f.progress...)
		f.mu.Unlock()
		for _, p := range all {
			if seq, yes := p.unsaved(); yes {
				moved = append(moved, cursor{cursorKey{p.name(), f.log.Name()}, seq, p.noteSaved})
			}
		}
	}
	return moved
}

func (b *Broker) warn(what, where string, err error) {
	b.o.Logger.Warn("local broker: "+what, "name", where, "error", err)
}
