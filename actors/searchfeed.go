package actors

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains/product"
	"entrepot/grains/product/productpb"
	"entrepot/grains/review"
	"entrepot/persistence"
	"entrepot/search"
)

// SearchFeedConfig is what a feed works with.
type SearchFeedConfig struct {
	Store   persistence.Store // of the e-commerce service
	Index   *search.Index
	Clock   func() time.Time
	Period  time.Duration // between looks at the database, default 400 ms
	Changed func(companyID entrepot.ID)
	Logger  *slog.Logger
}

// SearchFeed keeps a search index current with ecommercedb, whoever writes it. At
// first it reads everything; then it looks for documents written since its last
// look, a little back in time because members' clocks and commits do not keep
// their order, and further back now and then; versions tell what is new. What
// this member commits itself it is told of at once.
type SearchFeed struct {
	c      SearchFeedConfig
	cancel context.CancelFunc
	wg     sync.WaitGroup
	signal chan struct{}

	mu    sync.Mutex
	dirty map[entrepot.ID]bool

	products, levels, sales, trees window
	forest                         map[entrepot.ID]*tree     // of the companies
	counted                        map[entrepot.ID]time.Time // sales that were counted lately, by event
	renewing                       chan struct{}
	failing                        bool
}

// How far back a look goes, and how often it goes how far.
const (
	glance     = time.Second
	longLook   = 15 * time.Second
	everyLook  = 5 * time.Second
	everySales = time.Minute // there are many, and none of them matters much
	maxDirty   = 1000
	salesSince = 90 * 24 * time.Hour // older sales weigh next to nothing
	feedChunk  = 5000
	// After many at a time there are more, as of an import: they gather for a while,
	// since taking few costs nearly as much as taking dozens. What is written alone
	// does not wait.
	gathering = 200 * time.Millisecond
	many      = 8
)

// window is how far a collection was read.
type window struct {
	mark time.Time // when the last look began
	long time.Time // when the last long look did
}

// look reads what was written since the last look, and a little before it: what
// was under way then may have been written later, and other members' clocks are
// not this one's.
func (w *window) look(now time.Time, every time.Duration, read func(since time.Time) error) error {
	back, long := glance, now.Sub(w.long) >= every
	if long {
		back = longLook
	}
	if err := read(w.mark.Add(-back)); err != nil {
		return err
	}
	if w.mark = now; long {
		w.long = now
	}
	return nil
}

// Start begins the feed, once; Stop ends it. It does not wait for the first reading.
func (f *SearchFeed) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	f.cancel = cancel
	f.wg.Go(func() { f.run(ctx) })
}

// NewSearchFeed makes a feed that has not begun.
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
		forest: map[entrepot.ID]*tree{}, counted: map[entrepot.ID]time.Time{}, renewing: make(chan struct{}, 1),
	}
}

// Stop ends the feed and waits for it. Twice is harmless.
func (f *SearchFeed) Stop() {
	f.cancel()
	f.wg.Wait()
}

// Committed is told of events that this member has just committed.
func (f *SearchFeed) Committed(batch []events.Envelope) {
	told := false
	f.mu.Lock()
	for i := range batch {
		if batch[i].Aggregate.Kind == productpb.Kind && len(f.dirty) < maxDirty { // the others are seen at the next look
			f.dirty[batch[i].Aggregate.ID] = true
			told = true
		}
	}
	f.mu.Unlock()
	if told {
		select {
		case f.signal <- struct{}{}:
		default:
		}
	}
}

func (f *SearchFeed) run(ctx context.Context) {
	for {
		start := time.Now()
		err := f.Load(ctx)
		if err == nil {
			f.c.Logger.Info("the search index is complete", "products", f.c.Index.Len(), "took", time.Since(start).Round(time.Millisecond))
			break
		}
		f.failed(ctx, err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
		}
	}
	t := time.NewTicker(f.c.Period)
	defer t.Stop()
	for taken := 0; ; {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-f.signal:
			if taken >= many {
				select {
				case <-ctx.Done():
					return
				case <-time.After(gathering):
				}
			}
			taken, err = f.takeDirty(ctx)
		case <-t.C:
			err = f.RunOnce(ctx)
		}
		f.failed(ctx, err)
	}
}

// failed logs the first failure of a row of them.
func (f *SearchFeed) failed(ctx context.Context, err error) {
	if err != nil && !f.failing && ctx.Err() == nil {
		f.c.Logger.Warn("the search index cannot be kept current and will be tried again", "error", err)
	}
	f.failing = err != nil
}

// Load reads everything there is, and then the index is complete.
func (f *SearchFeed) Load(ctx context.Context) error {
	now := f.c.Clock().UTC()
	for _, w := range []*window{&f.products, &f.levels, &f.sales, &f.trees} {
		w.mark, w.long = now.Add(-longLook), now
	}
	if err := f.readTrees(ctx, time.Time{}); err != nil {
		return err
	}
	if err := f.readSales(ctx, now.Add(-salesSince)); err != nil {
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

// RunOnce looks once for what has changed.
func (f *SearchFeed) RunOnce(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	now := f.c.Clock().UTC()
	for _, x := range []struct {
		w     *window
		every time.Duration
		read  func(context.Context, time.Time) error
	}{
		{&f.trees, everyLook, f.readTrees},
		{&f.products, everyLook, f.readProducts},
		{&f.levels, everyLook, f.readLevels},
		{&f.sales, everySales, f.readSales},
	} {
		if err := x.w.look(now, x.every, func(since time.Time) error { return x.read(ctx, since) }); err != nil {
			return err
		}
	}
	f.c.Index.Tick()
	f.renew()
	return nil
}

// renew makes the index anew beside the work when it is worn.
func (f *SearchFeed) renew() {
	if !f.c.Index.Worn() {
		return
	}
	select {
	case f.renewing <- struct{}{}:
		f.wg.Go(func() {
			defer func() { <-f.renewing }()
			if err := f.c.Index.Renew(); err != nil {
				f.c.Logger.Warn("the search index was not made anew", "error", err)
			}
		})
	default: // it is being done
	}
}

// takeDirty reads what this member has written, and says how many products that is.
func (f *SearchFeed) takeDirty(ctx context.Context) (int, error) {
	f.mu.Lock()
	dirty := f.dirty
	f.dirty = map[entrepot.ID]bool{}
	f.mu.Unlock()
	docs := make([]persistence.Document, 0, len(dirty))
	for id := range dirty {
		d, err := f.c.Store.Load(ctx, product.Collection, id)
		if err != nil {
			return 0, err // the next look sees it
		}
		docs = append(docs, *d)
	}
	return len(docs), f.take(docs)
}

// readProducts takes over the products written since.
func (f *SearchFeed) readProducts(ctx context.Context, since time.Time) error {
	var docs []persistence.Document
	err := f.read(ctx, product.Collection, persistence.UpdatedAt, since, func(d *persistence.Document) {
		if f.c.Index.Version(d.ID) < d.Version || d.Value(product.Collection, "status") == product.StatusDeleted {
			docs = append(docs, *d)
		}
	}, func() error {
		if len(docs) < feedChunk {
			return nil
		}
		err := f.take(docs)
		docs = docs[:0]
		return err
	})
	if err != nil {
		return err
	}
	return f.take(docs)
}

// read visits the documents written since, the oldest first; pause is called
// after each page.
func (f *SearchFeed) read(ctx context.Context, c *persistence.Collection, by string, since time.Time, visit func(*persistence.Document), pause func() error) error {
	q := persistence.Query{Sort: by, Limit: 100}
	if !since.IsZero() {
		q.Where = []persistence.Cond{{Field: by, Op: persistence.Gte, Value: since}}
	}
	for {
		docs, next, err := f.c.Store.Find(ctx, c, entrepot.AllTenants(), q)
		if err != nil {
			return err
		}
		for i := range docs {
			visit(&docs[i])
		}
		if err := pause(); err != nil || next == "" {
			return err
		}
		q.Cursor = next
	}
}

// take puts products that are newer than the index's, and takes deleted ones out.
func (f *SearchFeed) take(docs []persistence.Document) error {
	changed := map[entrepot.ID]bool{}
	var put []*search.Document
	for i := range docs {
		d := &docs[i]
		known := f.c.Index.Version(d.ID)
		if d.Value(product.Collection, "status") == product.StatusDeleted {
			if known > 0 {
				f.c.Index.Delete(d.ID)
				changed[d.CompanyID] = true
			}
			continue
		}
		if known >= d.Version {
			continue
		}
		s := &product.State{}
		if err := f.c.Store.Unmarshal(d.State, s); err != nil {
			f.c.Logger.Error("a product cannot be read for the search index", "id", d.ID, "error", err)
			continue
		}
		put = append(put, f.document(s, d.Version))
		changed[d.CompanyID] = true
	}
	if err := f.c.Index.Put(put...); err != nil {
		return err
	}
	for company := range changed {
		f.c.Changed(company)
	}
	return nil
}

func (f *SearchFeed) document(s *product.State, version int64) *search.Document {
	d := DocumentOf(s.View())
	d.Version, d.Source = version, s
	d.Path, d.Titles = f.forest[d.CompanyID].path(d.Category)
	return d
}

// readLevels takes over the stock levels written since.
func (f *SearchFeed) readLevels(ctx context.Context, since time.Time) error {
	var levels []search.Stock
	err := f.read(ctx, Availability, persistence.UpdatedAt, since, func(d *persistence.Document) {
		levels = append(levels, levelOf(d))
	}, func() error { return nil })
	f.c.Index.SetStock(levels...)
	return err
}

// readSales counts the purchases recorded since, each once: those of the time that
// is looked at again are remembered. One that is cancelled after it was counted
// stays counted.
func (f *SearchFeed) readSales(ctx context.Context, since time.Time) error {
	var sales []search.Sale
	err := f.read(ctx, review.Purchases, persistence.UpdatedAt, since, func(d *persistence.Document) {
		bought := review.PurchaseOf(d)
		if _, counted := f.counted[d.ID]; counted || bought.Cancelled {
			return
		}
		f.counted[d.ID] = d.UpdatedAt
		sales = append(sales, search.Sale{ProductID: bought.ProductID, Units: bought.Units, At: bought.At})
	}, func() error { return nil })
	for id, at := range f.counted {
		if at.Before(f.sales.mark.Add(-2 * longLook)) {
			delete(f.counted, id)
		}
	}
	f.c.Index.AddSales(sales...)
	return err
}
