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

// Bounds of the text index's parts.
const (
	segmentDocs   = 10_000 // documents of one segment when many are put at once
	youngSegments = 48     // small segments before they become one
	youngDocs     = 5_000  // documents of the young part before it joins the base
	baseSegments  = 64     // segments of the base before all is built anew
)

// Index is the products that can be found. Its methods may be called by many;
// those that change it wait for each other, and searches hardly wait for them.
type Index struct {
	now   func() time.Time
	words *analyzer

	writer sync.Mutex // held by whoever changes the index; mu only while the change is taken over
	mu     sync.RWMutex
	core   *core
	stock  map[entrepot.ID]*productStock // by product
	sold   map[entrepot.ID]float64       // decayed units by product
	closed bool

	ready   atomic.Bool
	scratch sync.Pool
	named   sync.Map // brands and categories to their words
}

// core is what is made anew when too much of it is of documents that are gone.
type core struct {
	*columns
	ordinal     map[entrepot.ID]uint32
	vocabulary  *vocabulary
	base, young *part
}

// Options of an index.
type Options struct {
	Now func() time.Time // default time.Now
}

// New makes an empty index. Close it.
func New(o Options) (*Index, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	c, err := newCore()
	if err != nil {
		return nil, err
	}
	ix := &Index{now: o.Now, words: newAnalyzer(), core: c, stock: map[entrepot.ID]*productStock{}, sold: map[entrepot.ID]float64{}}
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

// Close ends the index; afterwards it finds nothing. Twice is harmless.
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

// SetReady says that the index holds everything there was when it was begun.
func (ix *Index) SetReady() { ix.ready.Store(true) }

// Ready reports whether the index is complete.
func (ix *Index) Ready() bool { return ix != nil && ix.ready.Load() }

// Len is how many products the index holds.
func (ix *Index) Len() int {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	return len(ix.core.ordinal)
}

// Version is the version of a product in the index, 0 for none.
func (ix *Index) Version(id entrepot.ID) int64 {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	if ordinal, ok := ix.core.ordinal[id]; ok {
		return ix.core.docs[ordinal].Version
	}
	return 0
}

var errClosed = errors.New("search: the index is closed")

// Put takes documents in, replacing older versions of the same products. When it
// returns they are found. Many at once cost less.
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

// put is a change by the one who holds writer, so the core stands still.
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

// putInto analyses first and takes over at the end.
func (ix *Index) putInto(c *core, docs []*Document, locked func(func())) error {
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
	locked(func() {
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
	return ix.age(c, locked)
}

// newest leaves of each product the newest document, unless it is older than the
// index's.
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

// age makes one segment of the young part's many, or of the base when there are
// enough of them.
func (ix *Index) age(c *core, locked func(func())) error {
	if c.young.segments < youngSegments && len(c.young.ordinals) < youngDocs {
		return nil
	}
	var entries []entry
	unused := newChange() // their words are known
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
	locked(func() {
		publish()
		c.young = young
	})
	old.close()
	return nil
}

// Delete takes a product out; version is that of the deletion.
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

// Worn reports whether the index is worth being made anew.
func (ix *Index) Worn() bool {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	c := ix.core
	return c.base.segments > baseSegments || len(c.docs) > 2*len(c.ordinal)+4*youngDocs
}

// Renew builds the index anew of its own documents and takes the place of the
// worn one. Searches and changes go on meanwhile.
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
	// What changed meanwhile.
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
	for id, ordinal := range c.ordinal { // stock and sales that came meanwhile
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
			ix.mu.RLock() // for stock and sales; nobody else knows c
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

// Of are the documents of a company.
func (ix *Index) Of(company entrepot.ID) []*Document {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	var out []*Document
	ix.core.company.any(make(bitset, len(ix.core.alive)), company).each(func(o uint32) { out = append(out, ix.core.docs[o]) })
	return out
}

// Tick brings prices up to the time: sales begin and end by themselves.
func (ix *Index) Tick() {
	now := ix.now().UnixMilli()
	ix.mu.RLock()
	due := ix.core.nextTurn != 0 && now >= ix.core.nextTurn
	ix.mu.RUnlock()
	if due {
		ix.mu.Lock()
		defer ix.mu.Unlock()
		ix.core.tick(now)
	}
}

// halfLife is how long it takes until a sold piece counts half.
const halfLife = 14 * 24 * time.Hour

// epoch is what the weights of sales are relative to: a later sale weighs more,
// instead of all earlier ones losing weight all the time.
var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Sale is pieces of a product sold at a time.
type Sale struct {
	ProductID entrepot.ID
	Units     int64
	At        time.Time
}

// AddSales counts sales, each told once.
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
