package promotion

import (
	"math/bits"
	"slices"
	"time"

	"entrepot"
)

// Goods is one line that a code may discount.
type Goods struct {
	ProductID  entrepot.ID
	ShopID     entrepot.ID
	Currency   string
	Categories []string // the product's and their ancestors
	Subtotal   int64    // minor units
	Rest       int64    // of the subtotal after earlier codes
}

// Discount is the effect of a code on goods.
type Discount struct {
	Lines        []int64       // for each of the goods
	FreeShipping []entrepot.ID // for the orders of these shops
	Total        int64         // of the lines
}

// Discounts returns the discount of a code for goods of its company in one currency: a percentage
// rounded half up, or an amount, never more than the goods cost. The total is allocated to the
// lines exactly and in proportion. An error names the condition that is not met. The number of uses
// is not checked. p may be nil for an unknown code.
func Discounts(p *Promotion, goods []Goods, now time.Time) (*Discount, error) {
	if p == nil || p.Status == Deleted {
		return nil, refuse("exists", "there is no such code")
	}
	terms := &p.Terms
	if err := terms.running(now); err != nil {
		return nil, err
	}
	rest, subtotal, shops := make([]int64, len(goods)), int64(0), []entrepot.ID(nil)
	for i, g := range goods {
		if !terms.isFor(g) {
			continue
		}
		if (terms.Kind == Amount || terms.Minimum > 0) && g.Currency != terms.Currency {
			return nil, refuse("currency", "the code is in "+terms.Currency)
		}
		rest[i] = g.Rest
		subtotal += g.Subtotal
		if !slices.Contains(shops, g.ShopID) {
			shops = append(shops, g.ShopID)
		}
	}
	switch {
	case len(shops) == 0:
		return nil, refuse("goods", "the code is for none of these goods")
	case subtotal < terms.Minimum:
		least := entrepot.Money{Minor: terms.Minimum, Currency: terms.Currency}
		return nil, refuse("minimum", "the code asks for goods of "+least.String()+" "+least.Currency)
	case terms.Kind == FreeShipping:
		return &Discount{Lines: make([]int64, len(goods)), FreeShipping: shops}, nil
	}
	d := &Discount{Total: terms.off(sum(rest))}
	d.Lines = Shares(d.Total, rest)
	return d, nil
}

func (x *Terms) isFor(g Goods) bool {
	if len(x.ShopIDs) > 0 && !slices.Contains(x.ShopIDs, g.ShopID) {
		return false
	}
	return (len(x.ProductIDs) == 0 && len(x.Categories) == 0) || slices.Contains(x.ProductIDs, g.ProductID) ||
		slices.ContainsFunc(g.Categories, func(c string) bool { return slices.Contains(x.Categories, c) })
}

// off returns the discount for goods with a total cost.
func (x *Terms) off(cost int64) int64 {
	if x.Kind == Amount {
		return min(x.Amount, cost)
	}
	return cost/100*x.Percent + (cost%100*x.Percent+50)/100
}

// Shares divides a total exactly, in proportion to weights: each gets its share rounded down, and
// the rest is given one by one to the largest remainders, the first of equals first. No share
// exceeds its weight if the total does not exceed the sum of the weights. Total and weights must
// not be negative, and the sum must fit an int64.
func Shares(total int64, weights []int64) []int64 {
	out, all := make([]int64, len(weights)), sum(weights)
	if all == 0 || total == 0 {
		return out
	}
	remainders, order, left := make([]uint64, len(weights)), make([]int, len(weights)), total
	for i, w := range weights {
		hi, lo := bits.Mul64(uint64(total), uint64(w))               //nolint:gosec // neither is negative
		share, remainder := bits.Div64(hi, lo, uint64(all))          //nolint:gosec // w <= all, so the quotient is at most total
		out[i], remainders[i], order[i] = int64(share), remainder, i //nolint:gosec // at most total
		left -= out[i]
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case remainders[a] > remainders[b]:
			return -1
		case remainders[a] < remainders[b]:
			return 1
		default:
			return 0
		}
	})
	for _, i := range order[:left] {
		out[i]++
	}
	return out
}

func sum(of []int64) (total int64) {
	for _, n := range of {
		total += n
	}
	return total
}
