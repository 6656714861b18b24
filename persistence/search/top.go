package search

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// ranked is a document with its sort value as a number; names are represented by their leading
// bytes. Numbers of descending orders are negated.
type ranked struct {
	number  float64
	ordinal uint32
}

// top collects the first documents after a position in a heap whose root is the last of them, so
// that most documents cost a single comparison.
type top struct {
	*view
	limit int
	heap  []ranked
	last  float64 // number of the root once the heap is full
	at    *Position
}

// page returns the first documents after the position, and the next position if there are more.
func (v *view) page(fits bitset) ([]Found, *Position) {
	t := &top{view: v, limit: v.q.Limit + 1, last: math.Inf(1)}
	if v.q.After != nil {
		at := *v.q.After
		if v.q.Sort == ByName {
			at.Number = float64(sortKey(at.Text))
		}
		t.at = &at
	}
	t.heap = make([]ranked, 0, t.limit)
	t.choose(fits)
	best := t.heap
	slices.SortFunc(best, func(a, b ranked) int {
		if v.before(a, b) {
			return -1
		}
		return 1
	})
	full := len(best) == t.limit
	if full {
		best = best[:t.limit-1]
	}
	out := make([]Found, len(best))
	for i, r := range best {
		out[i] = Found{Document: v.docs[r.ordinal], InStock: v.inStock.has(r.ordinal)}
		if v.q.Text != "" {
			out[i].Score = float64(v.score[r.ordinal])
		}
	}
	if !full {
		return out, nil
	}
	last := out[len(out)-1]
	if v.q.Sort == ByName {
		return out, &Position{ID: last.ID, Text: last.Name}
	}
	return out, &Position{ID: last.ID, Number: best[len(best)-1].number}
}

// choose offers the documents by the column of the requested order.
func (t *top) choose(fits bitset) {
	switch t.q.Sort {
	case Cheapest, Dearest:
		descending := t.q.Sort == Dearest
		if t.q.ShopID == "" {
			offer(t, fits, t.price, nil, descending)
			return
		}
		if len(t.shopPrices) < len(t.docs) {
			t.shopPrices = make([]float64, len(t.docs)+len(t.docs)/8)
		}
		fits.each(func(o uint32) { t.shopPrices[o] = float64(t.priceIn(o, t.q.ShopID, t.now)) })
		offer(t, fits, t.shopPrices, nil, descending)
	case Oldest:
		offer(t, fits, t.created, nil, false)
	case ByName:
		offer(t, fits, t.names, nil, false)
	case MostPopular:
		offer(t, fits, t.popular, nil, true)
	case BestRated:
		offer(t, fits, t.rating, nil, true)
	case ByRelevance, "":
		if t.q.Text != "" {
			offer(t, fits, t.score, nil, true)
			return
		}
		offer(t, fits, t.created, t.newest, true)
	default:
		offer(t, fits, t.created, t.newest, true)
	}
}

// offer passes the documents to top by a column. Descending orders start at the end of the column,
// where the newest documents are, so that early candidates are rarely replaced. maxima, if not nil,
// holds the maximum of every 64 numbers, which allows skipping documents that all rank behind the
// last candidate.
func offer[T int64 | float32 | float64](t *top, fits bitset, column, maxima []T, descending bool) {
	if !descending {
		for i, w := range fits {
			for ; w != 0; w &= w - 1 {
				o := i*64 + bits.TrailingZeros64(w)
				if n := float64(column[o]); n <= t.last {
					t.offer(ranked{n, uint32(o)}) //nolint:gosec // an ordinal
				}
			}
		}
		return
	}
	for i, w := range slices.Backward(fits) {
		if w != 0 && maxima != nil && -float64(maxima[i]) > t.last {
			continue
		}
		for w != 0 {
			high := 63 - bits.LeadingZeros64(w)
			w &^= 1 << (high % 64)
			o := i*64 + high
			if n := -float64(column[o]); n <= t.last {
				t.offer(ranked{n, uint32(o)}) //nolint:gosec // an ordinal
			}
		}
	}
}

// offer adds a document if it ranks before the last candidate or there are too few.
func (t *top) offer(r ranked) {
	if !t.after(r) {
		return
	}
	if len(t.heap) < t.limit {
		t.heap = append(t.heap, r)
		if len(t.heap) == t.limit {
			for i := len(t.heap)/2 - 1; i >= 0; i-- {
				t.sink(i)
			}
			t.last = t.heap[0].number
		}
		return
	}
	if t.before(r, t.heap[0]) {
		t.heap[0] = r
		t.sink(0)
		t.last = t.heap[0].number
	}
}

// sink restores the heap order below index i.
func (t *top) sink(i int) {
	for {
		child := 2*i + 1
		if child >= len(t.heap) {
			return
		}
		if child+1 < len(t.heap) && t.before(t.heap[child], t.heap[child+1]) {
			child++
		}
		if !t.before(t.heap[i], t.heap[child]) {
			return
		}
		t.heap[i], t.heap[child] = t.heap[child], t.heap[i]
		i = child
	}
}

// before reports whether document a ranks before b: by number, or name, and then by id.
func (v *view) before(a, b ranked) bool {
	if a.number != b.number {
		return a.number < b.number
	}
	if v.q.Sort == ByName {
		if c := cmp.Compare(v.docs[a.ordinal].Name, v.docs[b.ordinal].Name); c != 0 {
			return c < 0
		}
	}
	if ka, kb := v.keys[a.ordinal], v.keys[b.ordinal]; ka != kb {
		return ka < kb
	}
	return v.docs[a.ordinal].ID < v.docs[b.ordinal].ID
}

// after reports whether a document ranks after the requested position.
func (t *top) after(r ranked) bool {
	switch {
	case t.at == nil:
		return true
	case t.at.Number != r.number:
		return t.at.Number < r.number
	}
	d := t.docs[r.ordinal]
	if t.q.Sort == ByName && d.Name != t.at.Text {
		return t.at.Text < d.Name
	}
	return t.at.ID < d.ID
}
