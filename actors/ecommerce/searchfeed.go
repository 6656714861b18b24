package ecommerce

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains/ecommerce/product"
	"entrepot/persistence"
	"entrepot/persistence/search"
)

// SearchFeedConfig configures a [SearchFeed].
type SearchFeedConfig struct {
	Store  persistence.Store // of the e-commerce service
	Index  *search.Index
	Clock  func() time.Time
	Period time.Duration // between passes over the database, default 400 ms
	// Changed is called with each company whose products have changed in the index.
	Changed func(companyID entrepot.ID)
	Logger  *slog.Logger
}

// SearchFeed keeps a search index current with ecommercedb, whichever member writes it. It first
// reads everything. Then it polls for documents written since the last pass, with an overlap,
// because clocks and commits of members are not in order; every few seconds the overlap is longer.
// Versions show which documents are new. Commits of this member itself reach it at once through
// Committed.
type SearchFeed struct {
	c      SearchFeedConfig
	cancel context.CancelFunc
	wg     sync.WaitGroup
	signal chan struct{}

	mu    sync.Mutex
	dirty map[entrepot.ID]bool // products that this member has written

	products, levels, sales, trees window
	treeByCompany                  map[entrepot.ID]*tree
	counted                        map[entrepot.ID]time.Time // when each purchase counted lately was written
	renewing                       chan struct{}
	failing                        bool
}

// Overlaps of a pass with the time before it, and the periods of the longer overlap.
const (
	shortOverlap = time.Second
	longOverlap  = 15 * time.Second
	longPeriod   = 5 * time.Second
	salesPeriod  = time.Minute // sales are many, and a late one matters little
)

const (
	maxDirty    = 1000
	salesWindow = 90 * 24 * time.Hour // older sales hardly count towards popularity
	loadChunk   = 5000                // products per Put while everything is read

	// After a burst of burstSize products, such as an import, the feed waits for more before it
	// indexes them: a few cost nearly as much as dozens. A single product does not wait.
	burstSize  = 8
	burstPause = 200 * time.Millisecond
)

// NewSearchFeed returns a feed that has not started.
func NewSearchFeed(c SearchFeedConfig) *SearchFeed {
	if c.Period <= 0 {
		c.Period = 400 * time.Millisecond
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Changed == nil {
		c.Changed = func(entrepot.ID) {}
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return &SearchFeed{
		c: c, cancel: func() {}, signal: make(chan struct{}, 1), dirty: map[entrepot.ID]bool{},
		treeByCompany: map[entrepot.ID]*tree{}, counted: map[entrepot.ID]time.Time{}, renewing: make(chan struct{}, 1),
	}
}

// Start starts the feed and returns before the first load has finished. It may be called once.
func (f *SearchFeed) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	f.cancel = cancel
	f.wg.Go(func() { f.run(ctx) })
}

// Stop ends the feed and waits for it. Calling it twice is harmless.
func (f *SearchFeed) Stop() {
	f.cancel()
	f.wg.Wait()
}

// Committed receives the events that this member has just committed. Products over the bound are
// left to the next pass.
func (f *SearchFeed) Committed(batch []events.Envelope) {
	added := false
	f.mu.Lock()
	for i := range batch {
		if batch[i].Aggregate.Kind == product.Name && len(f.dirty) < maxDirty {
			f.dirty[batch[i].Aggregate.ID] = true
			added = true
		}
	}
	f.mu.Unlock()
	if added {
		select {
		case f.signal <- struct{}{}:
		default:
		}
	}
}

func (f *SearchFeed) run(ctx context.Context) {
	if !f.loadUntilDone(ctx) {
		return
	}
	t := time.NewTicker(f.c.Period)
	defer t.Stop()
	for taken := 0; ; {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-f.signal:
			if taken >= burstSize && !sleep(ctx, burstPause) {
				return
			}
			taken, err = f.takeDirty(ctx)
		case <-t.C:
			err = f.RunOnce(ctx)
		}
		f.report(ctx, err)
	}
}

// loadUntilDone calls Load every second until it succeeds. It returns false when the feed stops.
func (f *SearchFeed) loadUntilDone(ctx context.Context) bool {
	for {
		start := time.Now()
		err := f.Load(ctx)
		if err == nil {
			took := time.Since(start).Round(time.Millisecond)
			f.c.Logger.Info("search index complete", "products", f.c.Index.Len(), "took", took)
			return true
		}
		f.report(ctx, err)
		if !sleep(ctx, time.Second) {
			return false
		}
	}
}

// sleep waits for d and returns true, or false if the context ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// report logs the first of consecutive failures.
func (f *SearchFeed) report(ctx context.Context, err error) {
	if err != nil && !f.failing && ctx.Err() == nil {
		f.c.Logger.Warn("cannot update the search index, retrying", "error", err)
	}
	f.failing = err != nil
}

// Load reads everything and marks the index as complete.
func (f *SearchFeed) Load(ctx context.Context) error {
	now := f.c.Clock().UTC()
	for _, w := range []*window{&f.products, &f.levels, &f.sales, &f.trees} {
		w.read, w.readLong = now.Add(-longOverlap), now
	}
	if err := f.readTrees(ctx, time.Time{}); err != nil {
		return err
	}
	if err := f.readSales(ctx, now.Add(-salesWindow)); err != nil {
		return err
	}
	if err := f.readLevels(ctx, time.Time{}); err != nil {
		return err
	}
	if err := f.readProducts(ctx, time.Time{}); err != nil {
		return err
	}
	f.c.Index.SetReady()
	return nil
}

// RunOnce makes one pass: it indexes what was written since the last one. A pass takes at most 30 s.
func (f *SearchFeed) RunOnce(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	now := f.c.Clock().UTC()
	for _, x := range []struct {
		w      *window
		period time.Duration
		read   func(context.Context, time.Time) error
	}{
		{&f.trees, longPeriod, f.readTrees},
		{&f.products, longPeriod, f.readProducts},
		{&f.levels, longPeriod, f.readLevels},
		{&f.sales, salesPeriod, f.readSales},
	} {
		if err := x.w.advance(now, x.period, func(since time.Time) error { return x.read(ctx, since) }); err != nil {
			return err
		}
	}
	f.c.Index.Tick()
	f.renew()
	return nil
}

// renew rebuilds a worn index in the background, once at a time.
func (f *SearchFeed) renew() {
	if !f.c.Index.Worn() {
		return
	}
	select {
	case f.renewing <- struct{}{}:
		f.wg.Go(func() {
			defer func() { <-f.renewing }()
			if err := f.c.Index.Renew(); err != nil {
				f.c.Logger.Warn("cannot rebuild the search index", "error", err)
			}
		})
	default: // a rebuild is running
	}
}
