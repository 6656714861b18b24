package ecommerce

import (
	"context"
	"time"

	"entrepot"
	"entrepot/grains/ecommerce/product"
	"entrepot/grains/ecommerce/review"
	"entrepot/persistence"
	"entrepot/persistence/search"
)

// window is the progress of reading one collection.
type window struct {
	read     time.Time // start of the last pass
	readLong time.Time // start of the last pass with the long overlap
}

// advance calls read with the time of the last pass minus an overlap: writes in flight at that
// time may have been committed later, and clocks of members differ. The overlap is the long one
// when the period has passed since the last long one.
func (w *window) advance(now time.Time, period time.Duration, read func(since time.Time) error) error {
	overlap, long := shortOverlap, now.Sub(w.readLong) >= period
	if long {
		overlap = longOverlap
	}
	if err := read(w.read.Add(-overlap)); err != nil {
		return err
	}
	if w.read = now; long {
		w.readLong = now
	}
	return nil
}

// takeDirty indexes the products that this member has written, and returns their number.
func (f *SearchFeed) takeDirty(ctx context.Context) (int, error) {
	f.mu.Lock()
	dirty := f.dirty
	f.dirty = map[entrepot.ID]bool{}
	f.mu.Unlock()
	docs := make([]persistence.Document, 0, len(dirty))
	for id := range dirty {
		d, err := f.c.Store.Load(ctx, product.Collection, id)
		if err != nil {
			return 0, err // the next pass finds it
		}
		docs = append(docs, *d)
	}
	return len(docs), f.index(docs)
}

// readProducts indexes the products written since.
func (f *SearchFeed) readProducts(ctx context.Context, since time.Time) error {
	var docs []persistence.Document
	err := f.read(ctx, product.Collection, persistence.UpdatedAt, since, func(d *persistence.Document) {
		if f.c.Index.Version(d.ID) < d.Version || d.Value(product.Collection, "status") == product.Deleted {
			docs = append(docs, *d)
		}
	}, func() error {
		if len(docs) < loadChunk {
			return nil
		}
		err := f.index(docs)
		docs = docs[:0]
		return err
	})
	if err != nil {
		return err
	}
	return f.index(docs)
}

// read visits the documents whose field by is at least since, oldest first, and calls endPage after
// each page.
func (f *SearchFeed) read(
	ctx context.Context, c *persistence.Collection, by string, since time.Time,
	visit func(*persistence.Document), endPage func() error,
) error {
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
		if err := endPage(); err != nil || next == "" {
			return err
		}
		q.Cursor = next
	}
}

// index puts the products that are newer than their documents in the index, and removes deleted
// products from it.
func (f *SearchFeed) index(docs []persistence.Document) error {
	changed := map[entrepot.ID]bool{}
	var put []*search.Document
	for i := range docs {
		d := &docs[i]
		known := f.c.Index.Version(d.ID)
		if d.Value(product.Collection, "status") == product.Deleted {
			if known > 0 {
				f.c.Index.Delete(d.ID)
				changed[d.CompanyID] = true
			}
			continue
		}
		if known >= d.Version {
			continue
		}
		p := &product.Product{}
		if err := f.c.Store.Unmarshal(d.State, p); err != nil {
			f.c.Logger.Error("cannot decode a product for the search index", "id", d.ID, "error", err)
			continue
		}
		put = append(put, f.document(p, d.Version))
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

func (f *SearchFeed) document(p *product.Product, version int64) *search.Document {
	d := DocumentOf(p)
	d.Version, d.Source = version, p
	d.Path, d.Titles = f.treeByCompany[d.CompanyID].path(d.Category)
	return d
}

// readLevels indexes the stock levels written since.
func (f *SearchFeed) readLevels(ctx context.Context, since time.Time) error {
	var levels []search.Stock
	err := f.read(ctx, Availability, persistence.UpdatedAt, since, func(d *persistence.Document) {
		levels = append(levels, levelOf(d))
	}, func() error { return nil })
	f.c.Index.SetStock(levels...)
	return err
}

// readSales counts the purchases written since, each once: purchases within the overlap are
// remembered. A purchase that is cancelled after it was counted stays counted.
func (f *SearchFeed) readSales(ctx context.Context, since time.Time) error {
	var sales []search.Sale
	err := f.read(ctx, review.Purchases, persistence.UpdatedAt, since, func(d *persistence.Document) {
		purchase := review.PurchaseOf(d)
		if _, counted := f.counted[d.ID]; counted || purchase.Cancelled {
			return
		}
		f.counted[d.ID] = d.UpdatedAt
		sales = append(sales, search.Sale{ProductID: purchase.ProductID, Units: purchase.Units, At: purchase.At})
	}, func() error { return nil })
	for id, at := range f.counted {
		if at.Before(f.sales.read.Add(-2 * longOverlap)) {
			delete(f.counted, id)
		}
	}
	f.c.Index.AddSales(sales...)
	return err
}
