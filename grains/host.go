package grains

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains/wire"
	"entrepot/persistence"

	"github.com/asynkron/protoactor-go/actor"
)

// Outbox hands committed events to the broker. See events/outbox.
type Outbox interface {
	// Offer takes events of one entity in order and calls confirmed once, on another goroutine, when
	// the broker has stored them. It returns false if the outbox is full; offer them again later.
	Offer(batch []events.Envelope, confirmed func()) bool
}

// Config configures a host. Zero durations and counts select the defaults.
type Config struct {
	Committer *persistence.Committer
	Outbox    Outbox           // nil when the store logs events itself
	Clock     func() time.Time // default time.Now
	Logger    *slog.Logger
	// OnCommit, if set, receives the events of each commit at once, on the committer's goroutine. It
	// prompts caches on this member, which must also learn of changes in another way.
	OnCommit func([]events.Envelope)

	// Idle is the time without a message after which a grain leaves memory, default 5 min, jittered by
	// a quarter. For a grain that was used once or twice it is a sixteenth, at least 10 s, for one that
	// has ended 10 s.
	Idle           time.Duration
	StepTimeout    time.Duration // of one try of a step, default 10 s
	Recovery       time.Duration // after this, the steps and events of a dead member run again; default 15 s
	TrimEvery      time.Duration // interval at which idle grains drop confirmed events, default 10 s; below Recovery
	MaxPending     int           // commands of one entity that wait, default 4096
	MaxOutbox      int           // unconfirmed events of one entity, default 512
	MaxLoads       int           // documents loading at a time, default 64
	MaxSteps       int           // steps running at a time, default 256
	MaxActivations int           // above this, grains leave after a quarter of Idle; default 200,000
}

func (c *Config) defaults() {
	set := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	setTime := func(v *time.Duration, d time.Duration) {
		if *v <= 0 {
			*v = d
		}
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	setTime(&c.Idle, 5*time.Minute)
	setTime(&c.StepTimeout, 10*time.Second)
	setTime(&c.Recovery, 15*time.Second)
	setTime(&c.TrimEvery, 10*time.Second)
	set(&c.MaxPending, 4096)
	set(&c.MaxOutbox, 512)
	set(&c.MaxLoads, 64)
	set(&c.MaxSteps, 256)
	set(&c.MaxActivations, 200_000)
}

// Host runs the grains of one service database on this member.
type Host struct {
	Config
	store persistence.Store
	ask   Asker
	loads chan struct{}
	slots chan struct{} // running steps

	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu     sync.Mutex
	active map[*entity]struct{}
	most   int // activations at a sweep since the last collection; the sweep's own
	trims  map[*entity]struct{}
}

// NewHost returns a host whose grains work after Start.
func NewHost(c Config) *Host {
	c.defaults()
	h := &Host{
		Config: c, store: c.Committer.Store(),
		loads: make(chan struct{}, c.MaxLoads), slots: make(chan struct{}, c.MaxSteps),
		active: map[*entity]struct{}{}, trims: map[*entity]struct{}{},
	}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	return h
}

// Props returns the actor properties of a kind.
func (h *Host) Props(k *Kind) *actor.Props {
	return actor.PropsFromProducer(func() actor.Actor { return &grain{h: h, k: k} })
}

// Start starts the host's loops; steps call other grains through a. Call it before the member joins
// the cluster, because messages may arrive at once.
func (h *Host) Start(a Asker) {
	h.ask = a
	h.background(every(min(h.Idle/8, seldomIdle), h.sweep))
	h.background(every(h.TrimEvery, h.trim))
}

// Stop ends the host's loops, loads and steps and waits for them; afterwards the host reads nothing
// from the store. Steps left undone continue at the next wake. Call it after the member has left the
// cluster and before the committer is closed, whose last writes may still end afterwards. It may be
// called twice, and before Start.
func (h *Host) Stop() {
	h.mu.Lock() // so that no background work starts any more
	h.cancel()
	h.mu.Unlock()
	h.wg.Wait()
}

// background runs work on a goroutine that Stop waits for; its context ends with the host. After Stop
// it returns false and does not run.
func (h *Host) background(work func(ctx context.Context)) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ctx.Err() != nil {
		return false
	}
	h.wg.Go(func() { work(h.ctx) })
	return true
}

// every returns the loop that calls run at an interval.
func every(d time.Duration, run func()) func(context.Context) {
	return func(ctx context.Context) {
		t := time.NewTicker(d)
		defer t.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
				run()
			}
		}
	}
}

// now returns the time in UTC with the precision of documents and events.
func (h *Host) now() time.Time { return h.Clock().UTC().Truncate(time.Millisecond) }

// sweep passivates idle grains.
func (h *Host) sweep() {
	h.mu.Lock()
	all := make([]*entity, 0, len(h.active))
	for e := range h.active {
		all = append(all, e)
	}
	h.mu.Unlock()
	idle := h.Idle
	if len(all) > h.MaxActivations {
		idle /= 4
	}
	now := h.now()
	for _, e := range all {
		// The jitter keeps grains that were loaded together from leaving together.
		limit := idle - time.Duration(rand.Int64N(int64(idle)/4+1)) //nolint:gosec // spread, not secrecy
		if e.idleSince(now, limit) {
			e.root.Poison(e.self)
		}
	}
	h.collect(len(all))
}

// worthCollecting is how many grains must have been in memory for their end to matter.
const worthCollecting = 1000

// collect frees the memory of grains when more than half of them have left: a
// process at rest allocates too little for a collection to begin by itself.
func (h *Host) collect(now int) {
	if h.most = max(h.most, now); now < h.most/2 && h.most >= worthCollecting {
		h.most = now
		debug.FreeOSMemory() // a collection, and what it frees back to the system
	}
}

// Passivate ends every activation and waits for their end. Earlier messages are answered; the next
// message activates its grain again.
func (h *Host) Passivate(ctx context.Context) error {
	h.mu.Lock()
	var ends []*actor.Future
	for e := range h.active {
		ends = append(ends, e.root.PoisonFuture(e.self))
	}
	h.mu.Unlock()
	for _, f := range ends {
		if err := f.Wait(); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// trim writes idle grains whose documents still contain confirmed events.
func (h *Host) trim() {
	h.mu.Lock()
	due := h.trims
	h.trims = map[*entity]struct{}{}
	h.mu.Unlock()
	for e := range due {
		e.trim()
	}
}

// trimLater has the next trim write the entity.
func (h *Host) trimLater(e *entity) {
	h.mu.Lock()
	h.trims[e] = struct{}{}
	h.mu.Unlock()
}

// register adds an activation to the list of those in memory, or removes it.
func (h *Host) register(e *entity, on bool) {
	h.mu.Lock()
	if on {
		h.active[e] = struct{}{}
	} else {
		delete(h.active, e)
		delete(h.trims, e)
	}
	h.mu.Unlock()
}

// Activation describes one grain in memory to an operator.
type Activation struct {
	Kind    string      `json:"kind"`
	ID      entrepot.ID `json:"id"`
	Version int64       `json:"version"`
	Pending int         `json:"pending"` // commands waiting for a write
	Used    time.Time   `json:"lastUsed"`
}

// Activations returns up to limit grains in memory, and the number of all of them by kind.
func (h *Host) Activations(limit int) (list []Activation, count map[string]int) {
	h.mu.Lock()
	all := make([]*entity, 0, len(h.active))
	count = map[string]int{}
	for e := range h.active {
		count[e.k.Name]++
		if len(all) < limit {
			all = append(all, e)
		}
	}
	h.mu.Unlock()
	for _, e := range all {
		list = append(list, e.describe())
	}
	return list, count
}

// StateOf returns the state of a grain in memory as JSON, including changes whose
// write is still under way, and the version of its saved document. It returns
// false if the grain is not in memory or its state is not loaded.
func (h *Host) StateOf(kind string, id entrepot.ID) (state []byte, version int64, ok bool) {
	if e := h.find(kind, id); e != nil {
		return e.inspect()
	}
	return nil, 0, false
}

// find returns the activation of a grain, or nil.
func (h *Host) find(kind string, id entrepot.ID) *entity {
	h.mu.Lock()
	defer h.mu.Unlock()
	for e := range h.active {
		if e.id == id && e.k.Name == kind {
			return e
		}
	}
	return nil
}

// grain is the actor that passes messages to its entity.
type grain struct {
	h *Host
	k *Kind
	e *entity
}

// Receive handles one message without blocking; loads, writes and steps run elsewhere.
func (g *grain) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *wire.Command:
		g.activate(ctx).receive(m, ctx.Sender())
	case *actor.Started:
		g.activate(ctx)
	case *actor.Stopping:
		g.e.stop()
	case *actor.Restarting:
		g.e.stop()
	}
}

func (g *grain) activate(ctx actor.Context) *entity {
	if g.e == nil {
		g.e = newEntity(g.h, g.k, identity(ctx), ctx)
	}
	return g.e
}
