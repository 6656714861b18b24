package search

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// ranked is a document in its place; what it is ordered by is a number, of names
// only how they begin. Numbers of a descending order are negative.
type ranked struct {
	number  float64
	ordinal uint32
}

// top is the first documents behind a position: a heap with the last of them at
// its root, because most documents are behind that one and cost a comparison.
type top struct {
	*view
	most int
	heap []ranked
	last float64 // the number of the root of a full heap
	at   *Position
}

// page chooses the first documents after the position, and one more to know
// whether there is a next page.
func (v *view) page(fits bitset) ([]Found, *Position) {
	t := &top{view: v, most: v.q.Limit + 1, last: math.Inf(1)}
	if v.q.After != nil {
		at := *v.q.After
		if v.q.Sort == ByName {
			at.Number = float64(beginning(at.Text))
		}
		t.at = &at
	}
	t.heap = make([]ranked, 0, t.most)
	t.choose(fits)
	best := t.heap
	slices.SortFunc(best, func(a, b ranked) int {
		if v.before(a, b) {
			return -1
		}
		return 1
	})
	full := len(best) == t.most
	if full {
		best = best[:t.most-1]
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

// choose offers the documents by the column that the query orders by.
func (t *top) choose(fits bitset) {
	switch t.q.Sort {
	case Cheapest, Dearest:
		descending := t.q.Sort == Dearest
		if t.q.ShopID == "" {
			offer(t, fits, t.price, nil, descending)
			return
		}
		if len(t.asked) < len(t.docs) {
			t.asked = make([]float64, len(t.docs)+len(t.docs)/8)
		}
		fits.each(func(o uint32) { t.asked[o] = float64(t.priceIn(o, t.q.ShopID, t.now)) })
		offer(t, fits, t.asked, nil, descending)
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

// offer walks through a column, for a descending order from its end: the newest
// documents were put last, and what comes first need not give way to others. most
// is what 64 numbers of the column do not exceed, if that is known: documents that
// are all behind the last one need not be looked at then.
func offer[T int64 | float32 | float64](t *top, fits bitset, column, most []T, descending bool) {
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
		if w != 0 && most != nil && -float64(most[i]) > t.last {
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

// offer takes a document that is before the last one, if there are enough.
func (t *top) offer(r ranked) {
	if !t.after(r) {
		return
	}
	if len(t.heap) < t.most {
		t.heap = append(t.heap, r)
		if len(t.heap) == t.most {
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

// sink brings a document down to its place in the heap.
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

// before orders two documents: by number, or name, and then by id.
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

// after reports whether a document is behind the position asked for.
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
