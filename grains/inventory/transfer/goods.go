package transfer

import (
	"math/bits"

	"entrepot/grains/inventory/stock"
)

// cut returns a number of pieces of the goods, from a position on. However goods are
// cut, the cuts side by side are worth the whole, to the minor unit.
func cut(goods []stock.Goods, from, quantity int64) (out []stock.Goods) {
	for _, g := range goods {
		a, b := min(from, g.Quantity), min(from+quantity, g.Quantity)
		from, quantity = from-a, quantity-(b-a)
		if a == b {
			continue
		}
		first, last := min(a, g.Valued), min(b, g.Valued)
		out = append(out, stock.Goods{
			Quantity: b - a, Lot: g.Lot, ExpiresOn: g.ExpiresOn, Valued: last - first,
			Cost:    share(g.Cost, last, g.Valued) - share(g.Cost, first, g.Valued),
			Average: share(g.Average, last, g.Valued) - share(g.Average, first, g.Valued),
		})
	}
	return out
}

// unitCost returns the average cost of the pieces that have one; nil if none has.
func unitCost(goods []stock.Goods) *int64 {
	var valued, cost int64
	for _, g := range goods {
		valued, cost = valued+g.Valued, cost+g.Cost
	}
	if valued == 0 {
		return nil
	}
	return new(share(cost, 1, valued))
}

// share returns part/whole of minor units, rounded down. 0 <= part <= whole.
func share(minor, part, whole int64) int64 {
	if part >= whole {
		return minor
	}
	hi, lo := bits.Mul64(uint64(minor), uint64(part)) //nolint:gosec // neither is negative
	q, _ := bits.Div64(hi, lo, uint64(whole))         //nolint:gosec // part < whole
	return int64(q)                                   //nolint:gosec // at most minor
}
