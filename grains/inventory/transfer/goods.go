package transfer

import (
	"math/bits"
)

// Goods are pieces of one lot, or of none, and what they were worth at the source.
type Goods struct {
	Quantity  int64  `json:"q"`
	Lot       string `json:"lot,omitempty"`
	ExpiresOn int64  `json:"expires,omitempty"`
	Valued    int64  `json:"valued,omitempty"` // of Quantity, the pieces that have a cost: the first of them
	Cost      int64  `json:"cost,omitempty"`   // of those, first in, first out
	Average   int64  `json:"average,omitempty"`
}

func goodsOf(in []Goods) (out []Goods) {
	for _, g := range in {
		out = append(out, Goods{g.Quantity, g.Lot, g.ExpiresOn, g.Valued, g.Cost, g.Average})
	}
	return out
}

func viewOf(in []Goods) (out []Goods) {
	for _, g := range in {
		out = append(out, Goods{
			Quantity: g.Quantity, Lot: g.Lot, ExpiresOn: g.ExpiresOn, Valued: g.Valued, Cost: g.Cost, Average: g.Average,
		})
	}
	return out
}

// cut is the goods from one piece on, so many. However goods are cut, the cuts
// side by side are worth what the whole is, to the minor unit.
func cut(goods []Goods, from, quantity int64) (out []Goods) {
	for _, g := range goods {
		a, b := min(from, g.Quantity), min(from+quantity, g.Quantity)
		from, quantity = from-a, quantity-(b-a)
		if a == b {
			continue
		}
		first, last := min(a, g.Valued), min(b, g.Valued)
		out = append(out, Goods{
			Quantity: b - a, Lot: g.Lot, ExpiresOn: g.ExpiresOn, Valued: last - first,
			Cost:    share(g.Cost, last, g.Valued) - share(g.Cost, first, g.Valued),
			Average: share(g.Average, last, g.Valued) - share(g.Average, first, g.Valued),
		})
	}
	return out
}

// share is part/whole of minor units, rounded down. 0 <= part <= whole.
func share(minor, part, whole int64) int64 {
	if part >= whole {
		return minor
	}
	hi, lo := bits.Mul64(uint64(minor), uint64(part)) //nolint:gosec // neither is negative
	q, _ := bits.Div64(hi, lo, uint64(whole))         //nolint:gosec // part < whole
	return int64(q)                                   //nolint:gosec // at most minor
}
