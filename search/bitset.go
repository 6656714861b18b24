package search

import (
	"math/bits"

	"github.com/RoaringBitmap/roaring/v2"
)

// bitset is a set of ordinals, a bit each. Twelve kilobytes hold 100,000: a
// query's sets are made in memory that is used again, and two of them are met in
// less than a microsecond.
type bitset []uint64

func wordsFor(n int) int { return (n + 63) / 64 }

func (b bitset) has(o uint32) bool { return b[o/64]>>(o%64)&1 != 0 }

func (b bitset) add(o uint32) { b[o/64] |= 1 << (o % 64) }

func (b bitset) remove(o uint32) { b[o/64] &^= 1 << (o % 64) }

func (b bitset) count() int {
	n := 0
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}

// or, and, andNot change b; the other set may be shorter.
func (b bitset) or(other bitset) {
	for i, w := range other {
		b[i] |= w
	}
}

func (b bitset) and(other bitset) {
	for i, w := range other {
		b[i] &= w
	}
	clear(b[len(other):])
}

func (b bitset) andNot(other bitset) {
	for i, w := range other {
		b[i] &^= w
	}
}

// meets reports whether the sets have one in common.
func (b bitset) meets(other bitset) bool {
	for i, w := range other[:min(len(b), len(other))] {
		if b[i]&w != 0 {
			return true
		}
	}
	return false
}

// each visits the ordinals in their order.
func (b bitset) each(visit func(o uint32)) {
	for i, w := range b {
		for ; w != 0; w &= w - 1 {
			visit(uint32(i*64 + bits.TrailingZeros64(w))) //nolint:gosec // an ordinal
		}
	}
}

// roaring is the set in another form, which is good as long as b stays as it is.
func (b bitset) roaring() *roaring.Bitmap { return roaring.FromDense(b, false) }

// posting is where a stem occurs: a list of ordinals, or a bitset where that is
// not much bigger.
type posting struct {
	list  []uint32
	dense bitset
}

// newPosting takes the list over.
func newPosting(list []uint32) *posting {
	top := uint32(0)
	for _, o := range list {
		top = max(top, o)
	}
	words := int(top)/64 + 1
	if len(list) < words {
		return &posting{list: list}
	}
	p := &posting{dense: make(bitset, words)}
	for _, o := range list {
		p.dense.add(o)
	}
	return p
}

// into adds the posting to a set.
func (p *posting) into(b bitset) {
	b.or(p.dense)
	for _, o := range p.list {
		b[o/64] |= 1 << (o % 64)
	}
}

// within adds what of the posting is in a set to a list.
func (p *posting) within(b bitset, list []uint32) []uint32 {
	for i, w := range p.dense {
		for w &= b[i]; w != 0; w &= w - 1 {
			list = append(list, uint32(i*64+bits.TrailingZeros64(w))) //nolint:gosec // an ordinal
		}
	}
	for _, o := range p.list {
		if b.has(o) {
			list = append(list, o)
		}
	}
	return list
}
