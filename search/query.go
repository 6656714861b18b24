package search

import (
	"context"
	"math"
	"slices"

	"entrepot"

	"github.com/RoaringBitmap/roaring/v2"
)

// Sight is whose products a searcher may see: the active ones of everybody, all
// of one company, or all there are. Its zero value is the public's.
type Sight struct {
	All       bool
	CompanyID entrepot.ID
}

// Sort is an order of products; equal ones are ordered by id.
type Sort string

// The orders. ByRelevance without text is newest first.
const (
	ByRelevance Sort = "relevance"
	Cheapest    Sort = "price"
	Dearest     Sort = "-price"
	Newest      Sort = "-createdAt"
	Oldest      Sort = "createdAt"
	ByName      Sort = "name"
	MostPopular Sort = "-popularity"
	BestRated   Sort = "-rating"
)

// Query asks for products.
type Query struct {
	Sight Sight
	Text  string

	// Filters; what is empty filters nothing. Several values of one are
	// alternatives, but of attributes those with the same name.
	CompanyID, ShopID entrepot.ID
	Status            string
	Categories        []string // with all below them
	Brands, Tags      []string
	Attributes        []Attribute
	Currency          string
	MinPrice          int64
	MaxPrice          int64 // with HasMax
	HasMax            bool
	MinRating         float64
	Available         *bool

	Sort      Sort
	After     *Position // where the page before ended
	Limit     int
	Facets    []Facet
	Highlight bool
}

// Position is where a page ended: what its last product is ordered by, and its id.
type Position struct {
	Number float64     `json:"n,omitempty"`
	Text   string      `json:"t,omitempty"`
	ID     entrepot.ID `json:"i"`
}

// Found is a product that fits.
type Found struct {
	*Document
	Score      float64 // of the text
	InStock    bool
	Highlights map[string]string // by field: safe HTML with <em> around what was found
}

// Result is a page of what fits.
type Result struct {
	Items  []Found
	Next   *Position // nil at the end
	Total  int
	Facets map[Facet][]Count
}

// Search answers a page. What it finds is a snapshot of the moment.
func (ix *Index) Search(ctx context.Context, q Query) (*Result, error) {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	if ix.closed {
		return nil, errClosed
	}
	s := ix.scratch.Get().(*scratch)
	defer ix.scratch.Put(s)
	s.reset(len(ix.core.docs))
	return ix.view(&q, s).search(ctx)
}

func (ix *Index) view(q *Query, s *scratch) *view {
	now := ix.now()
	return &view{
		Index: ix, core: ix.core, q: q, scratch: s, now: now.UnixMilli(),
		weight: math.Exp2(now.Sub(epoch).Hours() / halfLife.Hours()),
	}
}

// view is one query at work.
type view struct {
	*Index
	*core
	*scratch
	q      *Query
	now    int64
	weight float64 // of a piece sold now
	groups []group
	terms  []term
}

// group is the documents that one filter lets pass.
type group struct {
	of   string // the facet that does not count with it
	docs *roaring.Bitmap
}

func (v *view) search(ctx context.Context) (*Result, error) {
	within := v.visible()
	if v.q.Text != "" {
		matched, err := v.match(ctx, within)
		if err != nil {
			return nil, err
		}
		within = matched
	}
	v.filter(within)
	fits := v.except(within, "")
	out := &Result{Total: int(fits.GetCardinality())} //nolint:gosec // a count of products in memory
	out.Items, out.Next = v.page(fits)
	if v.q.Highlight {
		for i := range out.Items {
			out.Items[i].Highlights = v.highlight(out.Items[i].Document)
		}
	}
	out.Facets = v.facets(within, fits)
	return out, nil
}

// visible is what the searcher may see at all.
func (v *view) visible() *roaring.Bitmap {
	switch {
	case v.q.Sight.All:
		return v.alive
	case v.q.Sight.CompanyID != "":
		return v.company.any(v.q.Sight.CompanyID)
	default:
		return v.active
	}
}

// filter makes the groups of the query.
func (v *view) filter(within *roaring.Bitmap) {
	q := v.q
	add := func(of Facet, docs *roaring.Bitmap) { v.groups = append(v.groups, group{string(of), docs}) }
	choose := func(of Facet, d *dimension, values ...string) {
		if values = slices.DeleteFunc(slices.Clone(values), func(s string) bool { return s == "" }); len(values) > 0 {
			add(of, d.any(values...))
		}
	}
	choose("", v.company, q.CompanyID)
	choose("", v.status, q.Status)
	choose(FacetShop, v.shop, q.ShopID)
	choose(FacetCategory, v.category, q.Categories...)
	choose(FacetBrand, v.brand, q.Brands...)
	choose(FacetTag, v.tag, q.Tags...)
	choose("", v.currency, q.Currency)
	byName := map[string][]string{}
	for _, a := range q.Attributes {
		byName[a.Name] = append(byName[a.Name], attributeKey(a))
	}
	for name, keys := range byName {
		add(facetOf(name), v.attribute.any(keys...))
	}
	if q.Available != nil {
		in := v.stocked(within)
		if *q.Available {
			add(FacetAvailability, in)
		} else {
			add(FacetAvailability, roaring.AndNot(within, in))
		}
	}
	if q.MinPrice > 0 || q.HasMax {
		add(FacetPrice, v.those(within, func(o uint32) bool {
			p := v.priceIn(o, q.ShopID, v.now)
			return p >= q.MinPrice && (!q.HasMax || p <= q.MaxPrice)
		}))
	}
	if q.MinRating > 0 {
		add(FacetRating, v.those(within, func(o uint32) bool { return float64(v.rating[o]) >= q.MinRating }))
	}
}

// stocked is what there is a piece of: in the shop asked for, else anywhere.
func (v *view) stocked(within *roaring.Bitmap) *roaring.Bitmap {
	if v.q.ShopID == "" {
		return v.inStock
	}
	return v.those(roaring.And(within, v.inStock), func(o uint32) bool { return v.stock[v.docs[o].ID].any(v.q.ShopID) })
}

func (v *view) those(within *roaring.Bitmap, fits func(ordinal uint32) bool) *roaring.Bitmap {
	bits := v.set(len(v.docs))
	v.each(within, func(o uint32) {
		if fits(o) {
			bits[o/64] |= 1 << (o % 64)
		}
	})
	return roaring.FromDense(bits, true)
}

// each visits the ordinals in their order.
func (v *view) each(set *roaring.Bitmap, visit func(ordinal uint32)) {
	it := set.ManyIterator()
	for {
		n := it.NextMany(v.buffer[:])
		if n == 0 {
			return
		}
		for _, o := range v.buffer[:n] {
			visit(o)
		}
	}
}

// except is what passes all filters but those of one facet.
func (v *view) except(within *roaring.Bitmap, facet string) *roaring.Bitmap {
	sets := []*roaring.Bitmap{within}
	for _, g := range v.groups {
		if facet == "" || g.of != facet {
			sets = append(sets, g.docs)
		}
	}
	if len(sets) == 1 {
		return within
	}
	return roaring.FastAnd(sets...)
}

// ranked is a document in its place; what it is ordered by is a number, but for names.
type ranked struct {
	number  float64
	ordinal uint32
}

// page chooses the first documents after the position, and one more to know
// whether there is a next page. The best so far are a sorted list: a page is
// short, and most documents are worse than its last one.
func (v *view) page(fits *roaring.Bitmap) ([]Found, *Position) {
	most := v.q.Limit + 1
	number, descending := v.order()
	top := make([]ranked, 0, most+1)
	v.each(fits, func(o uint32) {
		r := ranked{ordinal: o}
		if number != nil {
			if r.number = number(o); descending {
				r.number = -r.number
			}
			if len(top) == most && r.number > top[most-1].number {
				return
			}
		}
		if (len(top) == most && !v.before(r, top[most-1])) || !v.after(r) {
			return
		}
		i, _ := slices.BinarySearchFunc(top, r, func(have, r ranked) int {
			if v.before(have, r) {
				return -1
			}
			return 1
		})
		if top = slices.Insert(top, i, r); len(top) > most {
			top = top[:most]
		}
	})
	full := len(top) == most
	if full {
		top = top[:most-1]
	}
	out := make([]Found, len(top))
	for i, r := range top {
		out[i] = Found{Document: v.docs[r.ordinal], InStock: v.inStock.Contains(r.ordinal)}
		if v.q.Text != "" {
			out[i].Score = float64(v.score[r.ordinal])
		}
	}
	if !full {
		return out, nil
	}
	last := top[len(top)-1]
	next := &Position{ID: out[len(out)-1].ID, Number: last.number}
	if number == nil {
		next.Text = out[len(out)-1].Name
	}
	return out, next
}

// before orders two documents: by number, or name, and then by id. Numbers of a
// descending order are negative.
func (v *view) before(a, b ranked) bool {
	if a.number != b.number {
		return a.number < b.number
	}
	return v.tie(v.docs[a.ordinal].Name, v.docs[a.ordinal].ID, v.docs[b.ordinal].Name, v.docs[b.ordinal].ID)
}

func (v *view) tie(name, id, otherName, otherID string) bool {
	if v.q.Sort == ByName && name != otherName {
		return name < otherName
	}
	return id < otherID
}

// after reports whether a document is behind the position asked for.
func (v *view) after(r ranked) bool {
	at := v.q.After
	switch {
	case at == nil:
		return true
	case at.Number != r.number:
		return at.Number < r.number
	default:
		return v.tie(at.Text, at.ID, v.docs[r.ordinal].Name, v.docs[r.ordinal].ID)
	}
}

// order is what documents are ordered by, nil for their names, and whether the
// greatest comes first.
func (v *view) order() (number func(o uint32) float64, descending bool) {
	created := func(o uint32) float64 { return float64(v.created[o]) }
	price := func(o uint32) float64 { return float64(v.price[o]) }
	if v.q.ShopID != "" {
		price = func(o uint32) float64 { return float64(v.priceIn(o, v.q.ShopID, v.now)) }
	}
	switch v.q.Sort {
	case Cheapest:
		return price, false
	case Dearest:
		return price, true
	case Oldest:
		return created, false
	case ByName:
		return nil, false
	case MostPopular:
		return func(o uint32) float64 { return v.popular[o] }, true
	case BestRated:
		return func(o uint32) float64 { return float64(v.rating[o]) }, true
	case ByRelevance, "":
		if v.q.Text != "" {
			return func(o uint32) float64 { return float64(v.score[o]) }, true
		}
	}
	return created, true
}

// scratch is the memory that a query works in, used again by later ones.
type scratch struct {
	score   []float32 // by ordinal
	found   []uint16  // how many words of the query were found, by ordinal
	word    []float32 // of the word at hand
	touched []uint32  // by the word at hand
	all     []uint32  // by any word
	bits    []uint64
	buffer  [512]uint32
	counts  []int32
}

// set is an empty set of n ordinals, a bit each; the next one takes its place.
func (s *scratch) set(n int) []uint64 {
	words := (n + 63) / 64
	if len(s.bits) < words {
		s.bits = make([]uint64, words+words/8)
	}
	out := s.bits[:words]
	clear(out)
	return out
}

func (s *scratch) reset(n int) {
	for _, o := range s.all {
		s.score[o], s.found[o] = 0, 0
	}
	for _, o := range s.touched { // of a query that failed
		s.word[o] = 0
	}
	s.all, s.touched = s.all[:0], s.touched[:0]
	if len(s.score) < n {
		n += n / 8
		s.score, s.found, s.word = make([]float32, n), make([]uint16, n), make([]float32, n)
	}
}
