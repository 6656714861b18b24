package search

import (
	"context"
	"math"
	"math/bits"
	"slices"
	"strings"

	"entrepot"

	"github.com/RoaringBitmap/roaring/v2"
)

// Sight limits the products that a searcher may see: all active ones, all of one company, or all.
// The zero value is the public's.
type Sight struct {
	All       bool
	CompanyID entrepot.ID
}

// Sort is an order of products. Equal products are ordered by id.
type Sort string

// Orders. ByRelevance without a text means newest first.
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

// Query selects, sorts and counts products.
type Query struct {
	Sight Sight
	Text  string

	// Filters; empty ones are inactive. Several values of one filter are alternatives; attributes
	// are alternatives only if they have the same name.
	CompanyID, ShopID entrepot.ID
	Status            string
	Categories        []string // slugs, each including its descendants
	Brands, Tags      []string // alternatives
	Attributes        []Attribute
	Currency          string
	MinPrice          int64 // minor units, inclusive
	MaxPrice          int64 // minor units, inclusive; active only with HasMax
	HasMax            bool
	MinRating         float64
	Available         *bool

	Sort      Sort
	After     *Position // end of the previous page; nil: first page
	Limit     int
	Facets    []Facet
	Highlight bool
}

// Position is the end of a page: the sort value and the id of its last product.
type Position struct {
	Number float64     `json:"n,omitempty"`
	Text   string      `json:"t,omitempty"`
	ID     entrepot.ID `json:"i"`
}

// Found is a product that matches a query.
type Found struct {
	*Document
	Score      float64 // text score
	InStock    bool
	Highlights map[string]string // by field: safe HTML with <em> around matches
}

// Result is a page of matching products with their total number and facets.
type Result struct {
	Items  []Found
	Next   *Position // nil on the last page
	Total  int
	Facets map[Facet][]Count
}

// Search returns a page of the products that match the query, as of the time of the call.
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

// view is one query during its execution.
type view struct {
	*Index
	*core
	*scratch
	q      *Query
	now    int64
	weight float64 // weight of a unit sold now
	groups []group
	terms  []term
}

// group is the set of documents that pass one filter.
type group struct {
	facet string // facet that ignores this filter
	docs  bitset
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
	out := &Result{Total: fits.count()}
	out.Items, out.Next = v.page(fits)
	if v.q.Highlight {
		for i := range out.Items {
			out.Items[i].Highlights = v.highlight(out.Items[i].Document)
		}
	}
	out.Facets = v.facets(within, fits)
	return out, nil
}

// visible returns the documents that the searcher may see.
func (v *view) visible() bitset {
	switch {
	case v.q.Sight.All:
		return v.alive
	case v.q.Sight.CompanyID != "":
		return v.company.any(v.newSet(), v.q.Sight.CompanyID)
	default:
		return v.active
	}
}

// filter builds the groups of the query: first the filters by value, then those that examine each
// document that has passed the others.
func (v *view) filter(within bitset) {
	q := v.q
	choose := func(of Facet, d *dimension, values ...string) {
		values = slices.DeleteFunc(slices.Clone(values), func(s string) bool { return s == "" })
		if len(values) > 0 {
			v.add(of, d.any(v.newSet(), values...))
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
		v.add(facetOf(name), v.attribute.any(v.newSet(), keys...))
	}
	if q.MinPrice <= 0 && !q.HasMax && q.MinRating <= 0 && q.Available == nil {
		return
	}
	candidates := v.candidates(within)
	if q.Available != nil {
		in := v.available(candidates)
		if !*q.Available {
			out := v.copy(candidates)
			out.andNot(in)
			in = out
		}
		v.add(FacetAvailability, in)
	}
	if q.MinPrice > 0 || q.HasMax {
		v.add(FacetPrice, v.inPriceRange(candidates))
	}
	if q.MinRating > 0 {
		v.add(FacetRating, v.selectWhere(candidates, func(o uint32) bool { return float64(v.rating[o]) >= q.MinRating }))
	}
}

func (v *view) add(of Facet, docs bitset) { v.groups = append(v.groups, group{string(of), docs}) }

// candidates returns the documents that pass all filters so far, or all but the one that a
// requested facet ignores. No other documents need to be examined.
func (v *view) candidates(within bitset) bitset {
	passing := v.copy(v.except(within, ""))
	for _, g := range v.groups {
		if slices.ContainsFunc(v.q.Facets, func(f Facet) bool {
			return g.facet == string(f) || (f == FacetAttributes && strings.HasPrefix(g.facet, string(facetOf(""))))
		}) {
			passing.or(v.except(within, g.facet))
		}
	}
	return passing
}

// inPriceRange returns the documents of a set whose price is in the requested range.
func (v *view) inPriceRange(set bitset) bitset {
	least, most := v.q.MinPrice, int64(math.MaxInt64)
	if v.q.HasMax {
		most = v.q.MaxPrice
	}
	if v.q.ShopID != "" {
		return v.selectWhere(set, func(o uint32) bool {
			p := v.priceIn(o, v.q.ShopID, v.now)
			return p >= least && p <= most
		})
	}
	out := v.newSet()
	if most < least {
		return out
	}
	span := uint64(most) - uint64(least) //nolint:gosec // the distance of two numbers
	low, high := stepOf(least), stepOf(most)
	for i, w := range set {
		if w == 0 {
			continue
		}
		fits, check := ^uint64(0), uint64(0)
		if least > 0 {
			fits, check = v.stepBits[i].compare(low)
		}
		if v.q.HasMax {
			over, at := v.stepBits[i].compare(high)
			fits, check = fits&^(over|at), (check|at)&^over
		}
		// Prices in the steps of the limits are compared one by one, without a branch because it
		// would be unpredictable. outside is 1 if the price is below the range (the subtraction
		// wraps around) or above it.
		for check &= w; check != 0; check &= check - 1 {
			j := bits.TrailingZeros64(check)
			_, outside := bits.Sub64(span, uint64(v.price[i*64+j])-uint64(least), 0) //nolint:gosec // see above
			fits |= (1 ^ outside) << (j % 64)
		}
		out[i] = fits & w
	}
	return out
}

// available returns the documents in stock: in the requested shop, or anywhere.
func (v *view) available(within bitset) bitset {
	in := v.copy(within)
	in.and(v.inStock)
	if v.q.ShopID == "" {
		return in
	}
	return v.selectWhere(in, func(o uint32) bool { return v.stock[v.docs[o].ID].any(v.q.ShopID) })
}

func (v *view) selectWhere(within bitset, fits func(ordinal uint32) bool) bitset {
	out := v.newSet()
	within.each(func(o uint32) {
		if fits(o) {
			out.add(o)
		}
	})
	return out
}

// each calls visit for the ordinals in ascending order.
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

// except returns the documents that pass all filters except those of one facet.
func (v *view) except(within bitset, facet string) bitset {
	out := within
	for _, g := range v.groups {
		if facet != "" && g.facet == facet {
			continue
		}
		if len(out) > 0 && len(within) > 0 && &out[0] == &within[0] {
			out = v.copy(within)
		}
		out.and(g.docs)
	}
	return out
}

// scratch is the memory of a query, reused by later ones.
type scratch struct {
	score      []float32 // by ordinal
	word       []float32 // by ordinal, of the current word
	touched    []uint32  // ordinals of the current word
	hits       []uint32  // ordinals of one place of the current word
	all        []uint32  // ordinals with a score
	sets       []bitset
	used       int // number of sets in use
	size       int // of a set, in 64-bit words
	buffer     [512]uint32
	counts     []int32
	shopPrices []float64 // prices in the requested shop, by ordinal
	frequent   []frequency
}

// newSet returns an empty set that is valid until the query ends.
func (s *scratch) newSet() bitset {
	out := s.dirtySet()
	clear(out)
	return out
}

// dirtySet returns a set with arbitrary content.
func (s *scratch) dirtySet() bitset {
	if s.used == len(s.sets) {
		s.sets = append(s.sets, nil)
	}
	if cap(s.sets[s.used]) < s.size {
		s.sets[s.used] = make(bitset, s.size, s.size+s.size/8)
	}
	out := s.sets[s.used][:s.size]
	s.used++
	return out
}

func (s *scratch) copy(of bitset) bitset {
	out := s.dirtySet()
	clear(out[copy(out, of):])
	return out
}

func (s *scratch) reset(n int) {
	for _, o := range s.all {
		s.score[o] = 0
	}
	s.all = s.all[:0]
	s.used, s.size = 0, wordsFor(n)
	if len(s.score) < n {
		n += n / 8
		s.score, s.word = make([]float32, n), make([]float32, n)
	}
}
