// Package recommend holds the data of recommendations: three kinds of grains, each a bounded list of
// products with decaying weights. Events feed them, and each event counts once.
//
//   - [Affinity], one per product: the products that are bought together with it.
//     Commands: Bought, Forget. Queries: GetPopularity, GetNeighbours.
//   - [Trending], one per company and one for the whole platform: the products that
//     are bought and viewed now. Commands: Count, Forget. Queries: GetTop.
//   - [Taste], one per user: the products that the user wished for and viewed. It
//     records views and publishes product.viewed. Commands: View, Like, Forget.
//     Queries: GetTaste.
//
// Persisted: each state whole. [Similar] and [Personal] are computed when they are
// read. The kinds share this folder because they share the arithmetic of this file.
package recommend

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"hash/fnv"
	"math"
	"slices"
	"time"

	"entrepot"
)

// Decayed is a sum of weights that each halve with every half-life. It changes only when a weight is
// added; its value at another time is computed.
type Decayed struct {
	Sum float64 `json:"w"` // its value at At
	At  int64   `json:"t"` // Unix ms
}

// add adds a weight of a time, which may be before At.
func (d *Decayed) add(weight float64, at int64, half time.Duration) {
	if at <= d.At {
		d.Sum += weight * faded(d.At-at, half)
		return
	}
	d.Sum, d.At = d.Sum*faded(at-d.At, half)+weight, at
}

// at returns the value of the sum at a time; before At it is that at At.
func (d Decayed) at(now int64, half time.Duration) float64 {
	return d.Sum * faded(max(0, now-d.At), half)
}

// faded returns the rest of a weight of 1 after some milliseconds.
func faded(ms int64, half time.Duration) float64 {
	return math.Exp2(-float64(ms) / float64(half.Milliseconds()))
}

// ranked is a product on a board.
type ranked struct {
	ID entrepot.ID `json:"p"`
	Decayed
	// Taken is the part of Sum, at At, that may belong to products that this one replaced.
	Taken float64 `json:"e,omitempty"`
	// Known is, on the board of an affinity, the product's popularity when the two were last
	// bought together.
	Known float64 `json:"n,omitempty"`
}

// sure returns the weight that certainly belongs to the product.
func (r *ranked) sure(now int64, half time.Duration) float64 {
	return max(0, r.Sum-r.Taken) * faded(max(0, now-r.At), half)
}

// board is a bounded, unordered list of products with decayed weights. On a full board a new product
// takes the place and the weight of the weakest, as in Metwally's Space-Saving (2005): frequent
// products are certainly on the board, and none is overrated by more than Taken.
type board []ranked

// add adds a weight to a product and returns its entry, which is valid until the next add.
func (b *board) add(id entrepot.ID, weight float64, at int64, half time.Duration, most int) *ranked {
	if i := slices.IndexFunc(*b, func(r ranked) bool { return r.ID == id }); i >= 0 {
		r := &(*b)[i]
		r.Taken *= faded(max(0, at-r.At), half)
		r.add(weight, at, half)
		return r
	}
	if len(*b) < most {
		*b = append(*b, ranked{ID: id, Decayed: Decayed{weight, at}})
		return &(*b)[len(*b)-1]
	}
	weakest, taken := 0, math.Inf(1)
	for i := range *b {
		if w := (*b)[i].at(at, half); w < taken {
			weakest, taken = i, w
		}
	}
	r := &(*b)[weakest]
	*r = ranked{ID: id, Decayed: Decayed{taken + weight, at}, Taken: taken}
	return r
}

// best returns the n best products, best first. Equal scores are ordered by id, so that every member
// returns the same.
func best(all []Scored, n int) []Scored {
	slices.SortFunc(all, func(a, b Scored) int {
		if c := cmp.Compare(b.Score, a.Score); c != 0 {
			return c
		}
		return cmp.Compare(a.ID, b.ID)
	})
	return all[:min(n, len(all))]
}

// memory holds the counted events: the ids of the latest, and a horizon. Every dropped id belongs to
// an event at or before the horizon, and any event at or before it counts as known. So no event
// counts twice, however late it is delivered again; only an event whose first delivery is very
// late and out of order is lost.
type memory struct {
	Horizon int64  `json:"h,omitempty"` // Unix ms
	Seen    []byte `json:"s,omitempty"` // entries of a hash and a time, in order of arrival
}

const (
	entrySize = 16
	// remembered is the time for which event ids are kept. The eight attempts of a delivery end
	// after two minutes.
	remembered = 15 * time.Minute
)

func entry(id string, at int64) (e [entrySize]byte) {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id)) // never fails
	binary.BigEndian.PutUint64(e[:8], h.Sum64())
	binary.BigEndian.PutUint64(e[8:], uint64(at)) //nolint:gosec // read back by timeOf
	return e
}

func timeOf(e []byte) int64 { return int64(binary.BigEndian.Uint64(e[8:entrySize])) } //nolint:gosec // as entry wrote it

// knows reports whether an event of a time was counted, or may have been.
func (m *memory) knows(id string, at int64) bool {
	return at <= m.Horizon || m.has(id)
}

// has compares ids only: the clocks of members differ, and with them the believed times of an event.
func (m *memory) has(id string) bool {
	e := entry(id, 0)
	for s := m.Seen; len(s) >= entrySize; s = s[entrySize:] {
		if bytes.Equal(s[:8], e[:8]) {
			return true
		}
	}
	return false
}

// keep adds an event, and drops events that are older than remembered or exceed most.
func (m *memory) keep(id string, at int64, most int) {
	e := entry(id, at)
	m.Seen = append(m.Seen, e[:]...)
	newest := at
	for s := m.Seen; len(s) >= entrySize; s = s[entrySize:] {
		newest = max(newest, timeOf(s))
	}
	m.drop(func(t int64) bool { return t < newest-remembered.Milliseconds() })
	for len(m.Seen) > most*entrySize {
		oldest := at
		for s := m.Seen; len(s) >= entrySize; s = s[entrySize:] {
			oldest = min(oldest, timeOf(s))
		}
		m.drop(func(t int64) bool { return t == oldest })
	}
}

func (m *memory) drop(what func(int64) bool) {
	left := m.Seen[:0]
	for s := m.Seen; len(s) >= entrySize; s = s[entrySize:] {
		if t := timeOf(s); what(t) {
			m.Horizon = max(m.Horizon, t)
			continue
		}
		left = append(left, s[:entrySize]...)
	}
	m.Seen = left
}

// moment limits the time of an event to plausible values: after the epoch, and not after now.
func moment(at int64, now time.Time) int64 { return min(max(at, 1), now.UnixMilli()) }
