package search

import (
	"math/bits"

	"github.com/RoaringBitmap/roaring/v2"
)

// bitset is a set of ordinals with one bit each. 100,000 ordinals take 12 KB, queries reuse the
// memory of their sets, and two sets are intersected in less than a microsecond.
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

// or, and, andNot modify b. The other set may be shorter.
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

// intersects reports whether the sets have a common ordinal.
func (b bitset) intersects(other bitset) bool {
	for i, w := range other[:min(len(b), len(other))] {
		if b[i]&w != 0 {
			return true
		}
	}
	return false
}

// each calls visit for the ordinals in ascending order.
func (b bitset) each(visit func(o uint32)) {
	for i, w := range b {
		for ; w != 0; w &= w - 1 {
			visit(uint32(i*64 + bits.TrailingZeros64(w))) //nolint:gosec // an ordinal
		}
	}
}

// roaring returns the set as a roaring bitmap, which is valid only while b does not change.
func (b bitset) roaring() *roaring.Bitmap { return roaring.FromDense(b, false) }

// posting is the set of documents with a stem: a list of ordinals, or a bitset if that is not much
// larger.
type posting struct {
	list  []uint32
	dense bitset
}

// newPosting returns a posting that takes ownership of list.
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

// within appends the ordinals of the posting that are in a set to list.
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
