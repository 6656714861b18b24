// Package recommend is what recommendations are made of: three kinds of grains,
// each a bounded list of products with weights that fade, fed by events of which
// each counts once, and read in one step.
//
//   - [Affinity], one a product: what is bought together with it. Commands:
//     Bought, Forget. Queries: GetPopularity, GetNeighbours.
//   - [Trending], one a company and one of the whole platform: what is bought and
//     viewed now. Commands: Count, Forget. Queries: GetTop.
//   - [Taste], one a user: what the user bought, wished for and looked at. It
//     records views and publishes product.viewed. Commands: View, Like, Forget.
//     Queries: GetTaste.
//
// Persisted: each state whole. [Similar] and [Personal] are the two kinds that
// are computed when they are read. They share a folder because they share their
// arithmetic, which this file holds.
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

// Decayed is a sum of weights that each halve with every half-life. It changes
// only when something is added: what it is worth at another moment follows.
type Decayed struct {
	Sum float64 `json:"w"` // its worth at At
	At  int64   `json:"t"` // Unix ms
}

// add adds a weight of a moment, which may lie before At.
func (d *Decayed) add(weight float64, at int64, half time.Duration) {
	if at <= d.At {
		d.Sum += weight * faded(d.At-at, half)
		return
	}
	d.Sum, d.At = d.Sum*faded(at-d.At, half)+weight, at
}

// at is what the sum is worth at a moment; before At it is as at At.
func (d Decayed) at(now int64, half time.Duration) float64 {
	return d.Sum * faded(max(0, now-d.At), half)
}

// faded is what is left of 1 after some milliseconds.
func faded(ms int64, half time.Duration) float64 {
	return math.Exp2(-float64(ms) / float64(half.Milliseconds()))
}

// ranked is a product on a board.
type ranked struct {
	ID entrepot.ID `json:"p"`
	Decayed
	// Taken is the part of Sum, at At, that may be of the products whose place this one took.
	Taken float64 `json:"e,omitempty"`
	// Known is, on the board of an affinity, how much the product itself was bought
	// when the two were last bought together.
	Known float64 `json:"n,omitempty"`
}

// sure is what certainly is the product's own.
func (r *ranked) sure(now int64, half time.Duration) float64 {
	return max(0, r.Sum-r.Taken) * faded(max(0, now-r.At), half)
}

// board is a bounded list of products with decayed weights, in no order. When it
// is full a new product takes the place and the weight of the weakest, as in
// Metwally's Space-Saving (2005): what is frequent is on the board for certain,
// and nobody is overrated by more than what it says was taken.
type board []ranked

// add adds a weight to a product, and answers its place until the next add.
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

// Scored is a product and how well it does, in 0..1 unless a function says otherwise.
type Scored struct {
	ID    entrepot.ID
	Score float64
}

// best orders what is scored, best first, and keeps n; equal ones by their ids,
// so that every member answers the same.
func best(all []Scored, n int) []Scored {
	slices.SortFunc(all, func(a, b Scored) int {
		if c := cmp.Compare(b.Score, a.Score); c != 0 {
			return c
		}
		return cmp.Compare(a.ID, b.ID)
	})
	return all[:min(n, len(all))]
}

// memory is which events were counted: the ids of the last ones, and a horizon.
// Every id that was dropped belongs to an event at or before the horizon, and
// what comes from before it without being known counts as known. So nothing ever
// counts twice, however late it is delivered again, and only what is delivered
// for the first time very late, and out of order, does not count at all.
type memory struct {
	Horizon int64  `json:"h,omitempty"` // Unix ms
	Seen    []byte `json:"s,omitempty"` // entries of a hash and a time, in order of arrival
}

const (
	entrySize = 16
	// remembered is how long an event is known by its id: eight attempts with
	// their delays are over after two minutes.
	remembered = 15 * time.Minute
)

func entry(id string, at int64) (e [entrySize]byte) {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id)) // never fails
	binary.BigEndian.PutUint64(e[:8], h.Sum64())
	binary.BigEndian.PutUint64(e[8:], uint64(at)) //nolint:gosec // read back as it was written
	return e
}

func timeOf(e []byte) int64 { return int64(binary.BigEndian.Uint64(e[8:entrySize])) } //nolint:gosec // as entry wrote it

// knows reports whether an event of a moment was counted, or may have been.
func (m *memory) knows(id string, at int64) bool {
	return at <= m.Horizon || m.has(id)
}

// has goes by the id alone: members' clocks differ, and with them what is
// believed of when an event happened.
func (m *memory) has(id string) bool {
	e := entry(id, 0)
	for s := m.Seen; len(s) >= entrySize; s = s[entrySize:] {
		if bytes.Equal(s[:8], e[:8]) {
			return true
		}
	}
	return false
}

// keep remembers an event, and drops what is older than remembered or too many.
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

// moment is when an event happened, as far as it is to be believed: not before
// the epoch, and not after now.
func moment(at int64, now time.Time) int64 { return min(max(at, 1), now.UnixMilli()) }
