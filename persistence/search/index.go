package search

import (
	"errors"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"entrepot"
)

// Limits of the parts of the text index.
const (
	segmentDocs   = 10_000 // documents of one segment in a large Put
	youngSegments = 48     // segments of the young part before they are merged
	youngDocs     = 5_000  // documents of the young part before it joins the base
	baseSegments  = 64     // segments of the base before a rebuild
)

// Index holds the products that can be found. Its methods may be called concurrently; changes wait
// for each other and hardly delay searches.
type Index struct {
	now   func() time.Time
	words *analyzer

	writer sync.Mutex // held while changing the index; mu is held only to publish the change
	mu     sync.RWMutex
	core   *core
	stock  map[entrepot.ID]*productStock // by product
	sold   map[entrepot.ID]float64       // units sold by product, with later sales weighing more
	closed bool

	ready     atomic.Bool
	scratch   sync.Pool
	wordCache sync.Map // words of brands and categories
}

// core is the part of the index that is rebuilt when too much of it belongs to removed documents.
type core struct {
	*columns
	ordinal     map[entrepot.ID]uint32
	vocabulary  *vocabulary
	base, young *part
}

// Options configures an index.
type Options struct {
	Now func() time.Time // default time.Now
}

// New returns an empty index. The caller must close it.
func New(o Options) (*Index, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	c, err := newCore()
	if err != nil {
		return nil, err
	}
	ix := &Index{
		now: o.Now, words: newAnalyzer(), core: c,
		stock: map[entrepot.ID]*productStock{}, sold: map[entrepot.ID]float64{},
	}
	ix.scratch.New = func() any { return &scratch{} }
	return ix, nil
}

func newCore() (*core, error) {
	c := &core{columns: newColumns(), ordinal: map[entrepot.ID]uint32{}, vocabulary: newVocabulary()}
	var err error
	if c.base, err = newPart(); err != nil {
		return nil, err
	}
	c.young, err = newPart()
	return c, err
}

// Close releases the index; later searches fail. Repeated calls are harmless.
func (ix *Index) Close() {
	ix.writer.Lock()
	defer ix.writer.Unlock()
	ix.mu.Lock()
	defer ix.mu.Unlock()
	if !ix.closed {
		ix.closed = true
		ix.ready.Store(false)
		ix.core.base.close()
		ix.core.young.close()
	}
}

// SetReady marks the index as complete: it holds everything that existed when filling began.
func (ix *Index) SetReady() { ix.ready.Store(true) }

// Ready reports whether the index is complete. It is false for a nil index.
func (ix *Index) Ready() bool { return ix != nil && ix.ready.Load() }

// Len returns the number of products in the index.
func (ix *Index) Len() int {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	return len(ix.core.ordinal)
}

// Version returns the version of a product in the index, or 0 if it holds none.
func (ix *Index) Version(id entrepot.ID) int64 {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	if ordinal, ok := ix.core.ordinal[id]; ok {
		return ix.core.docs[ordinal].Version
	}
	return 0
}

var errClosed = errors.New("search: the index is closed")

// Put adds documents, replacing older versions of the same products. When it returns they can be
// found. Large batches cost less per document.
func (ix *Index) Put(docs ...*Document) error {
	ix.writer.Lock()
	defer ix.writer.Unlock()
	for chunk := range slices.Chunk(docs, segmentDocs) {
		if err := ix.put(chunk); err != nil {
			return err
		}
	}
	return nil
}

// put adds documents. The caller holds writer, so the core does not change meanwhile.
func (ix *Index) put(docs []*Document) error {
	if ix.closed {
		return errClosed
	}
	return ix.putInto(ix.core, docs, func(take func()) {
		ix.mu.Lock()
		defer ix.mu.Unlock()
		take()
	})
}

// putInto analyses the documents first and publishes them under the lock at the end.
func (ix *Index) putInto(c *core, docs []*Document, withLock func(func())) error {
	docs = newest(docs, func(id entrepot.ID) int64 {
		if ordinal, ok := c.ordinal[id]; ok {
			return c.docs[ordinal].Version
		}
		return 0
	})
	if len(docs) == 0 {
		return nil
	}
	change, next := newChange(), uint32(len(c.docs)) //nolint:gosec // a count of products in memory
	at := make([]uint32, len(docs))
	var entries []entry
	for i, d := range docs {
		if ordinal, ok := c.ordinal[d.ID]; ok && c.docs[ordinal].sameText(d) {
			at[i] = ordinal
			continue
		}
		at[i] = next
		entries = append(entries, entryOf(ix.words, next, d, change))
		next++
	}
	publish := func() {}
	if len(entries) > 0 {
		p := c.young
		if len(entries) > youngDocs/4 {
			p = c.base
		}
		var err error
		if publish, err = p.write(entries); err != nil {
			return err
		}
	}
	now := ix.now().UnixMilli()
	withLock(func() {
		publish()
		c.vocabulary.apply(change)
		for i, d := range docs {
			if old, ok := c.ordinal[d.ID]; ok && old != at[i] {
				c.unset(old)
			}
			c.ordinal[d.ID] = at[i]
			c.set(at[i], d, now, ix.sold[d.ID], ix.stock[d.ID].any(""))
		}
	})
	return ix.age(c, withLock)
}

// newest returns the newest document of each product, without those older than the index's version.
func newest(docs []*Document, version func(entrepot.ID) int64) []*Document {
	latest := make(map[entrepot.ID]*Document, len(docs))
	for _, d := range docs {
		if have := latest[d.ID]; d.Version >= version(d.ID) && (have == nil || d.Version >= have.Version) {
			latest[d.ID] = d
		}
	}
	out := make([]*Document, 0, len(latest))
	for _, d := range docs {
		if latest[d.ID] == d {
			out = append(out, d)
			delete(latest, d.ID)
		}
	}
	return out
}

// age merges the segments of the young part into one when they are too many, or moves its documents
// to the base when they are enough.
func (ix *Index) age(c *core, withLock func(func())) error {
	if c.young.segments < youngSegments && len(c.young.ordinals) < youngDocs {
		return nil
	}
	var entries []entry
	unused := newChange() // the vocabulary contains their words already
	for _, ordinal := range c.young.ordinals {
		if d := c.docs[ordinal]; d != nil {
			entries = append(entries, entryOf(ix.words, ordinal, d, unused))
		}
	}
	young, err := newPart()
	if err != nil {
		return err
	}
	into := young
	if len(entries) >= youngDocs/2 {
		into = c.base
	}
	publish := func() {}
	if len(entries) > 0 {
		if publish, err = into.write(entries); err != nil {
			young.close()
			return err
		}
	}
	old := c.young
	withLock(func() {
		publish()
		c.young = young
	})
	old.close()
	return nil
}

// Delete removes a product.
func (ix *Index) Delete(id entrepot.ID) {
	ix.writer.Lock()
	defer ix.writer.Unlock()
	ix.mu.Lock()
	defer ix.mu.Unlock()
	if ordinal, ok := ix.core.ordinal[id]; ok {
		ix.core.unset(ordinal)
		delete(ix.core.ordinal, id)
	}
}

// Worn reports whether so much of the index is outdated that it should be rebuilt with Renew.
func (ix *Index) Worn() bool {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	c := ix.core
	return c.base.segments > baseSegments || len(c.docs) > 2*len(c.ordinal)+4*youngDocs
}

// Renew rebuilds the index from its own documents and replaces the old one. Searches and changes
// continue meanwhile.
func (ix *Index) Renew() error {
	c, err := newCore()
	if err != nil {
		return err
	}
	if err := ix.putAll(c, ix.documents()); err != nil {
		return err
	}
	ix.writer.Lock()
	defer ix.writer.Unlock()
	if ix.closed {
		c.base.close()
		c.young.close()
		return errClosed
	}
	// Documents that changed meanwhile.
	var changed []*Document
	for id, ordinal := range ix.core.ordinal {
		d := ix.core.docs[ordinal]
		if at, ok := c.ordinal[id]; !ok || c.docs[at] != d {
			changed = append(changed, d)
		}
	}
	if err := ix.putAll(c, changed); err != nil {
		return err
	}
	for id, ordinal := range c.ordinal {
		if _, ok := ix.core.ordinal[id]; !ok {
			c.unset(ordinal)
			delete(c.ordinal, id)
		}
	}
	ix.mu.Lock()
	defer ix.mu.Unlock()
	old := ix.core
	for id, ordinal := range c.ordinal { // stock and sales that changed meanwhile
		c.popular[ordinal] = ix.sold[id]
		c.setStock(ordinal, ix.stock[id].any(""))
	}
	ix.core = c
	old.base.close()
	old.young.close()
	return nil
}

func (ix *Index) putAll(c *core, docs []*Document) error {
	for chunk := range slices.Chunk(docs, segmentDocs) {
		err := ix.putInto(c, chunk, func(take func()) {
			ix.mu.RLock() // protects stock and sales; c is not shared yet
			defer ix.mu.RUnlock()
			take()
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (ix *Index) documents() []*Document {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	out := make([]*Document, 0, len(ix.core.ordinal))
	for _, ordinal := range ix.core.ordinal {
		out = append(out, ix.core.docs[ordinal])
	}
	return out
}

// Of returns the documents of a company.
func (ix *Index) Of(company entrepot.ID) []*Document {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	var out []*Document
	docs := ix.core.company.any(make(bitset, len(ix.core.alive)), company)
	docs.each(func(o uint32) { out = append(out, ix.core.docs[o]) })
	return out
}

// Tick applies price changes that are due because a sale began or ended.
func (ix *Index) Tick() {
	now := ix.now().UnixMilli()
	ix.mu.RLock()
	due := ix.core.nextPriceChange != 0 && now >= ix.core.nextPriceChange
	ix.mu.RUnlock()
	if due {
		ix.mu.Lock()
		defer ix.mu.Unlock()
		ix.core.tick(now)
	}
}

// halfLife is the age at which a sold unit weighs half as much as a new one.
const halfLife = 14 * 24 * time.Hour

// epoch is the reference time of sales weights. Later sales weigh more, so that earlier weights
// need no update.
var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Sale is a number of units of a product sold at a time.
type Sale struct {
	ProductID entrepot.ID
	Units     int64
	At        time.Time
}

// AddSales counts sales. Each sale must be added exactly once.
func (ix *Index) AddSales(sales ...Sale) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	for _, s := range sales {
		ix.sold[s.ProductID] += float64(s.Units) * math.Exp2(s.At.Sub(epoch).Hours()/halfLife.Hours())
		if ordinal, ok := ix.core.ordinal[s.ProductID]; ok {
			ix.core.popular[ordinal] = ix.sold[s.ProductID]
		}
	}
}
