package promotion

import (
	"math/bits"
	"slices"
	"time"

	"entrepot"
)

// Goods is one line that a code may take something off.
type Goods struct {
	ProductID  entrepot.ID
	ShopID     entrepot.ID
	Currency   string
	Categories []string // the product's and those above it
	Subtotal   int64    // in minor units
	Rest       int64    // of it after the codes before
}

// Discount is what a code gives.
type Discount struct {
	Lines        []int64       // off each of the goods
	FreeShipping []entrepot.ID // of the orders of these shops
	Total        int64         // off the goods
}

// Discounts computes what a code takes off goods of its company, all in one
// currency: a percentage rounded half up, or an amount, never more than they
// cost; allocated in proportion and exactly. An error says which condition is not
// met. It looks at the code alone, not at how often it has been used.
func Discounts(p *Promotion, goods []Goods, now time.Time) (*Discount, error) {
	terms := termsOf(p.Terms)
	if p.Status == Deleted {
		return nil, refuse("exists", "there is no such code")
	}
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

// off is what goods that cost so much get cheaper by.
func (x *Terms) off(cost int64) int64 {
	if x.Kind == Amount {
		return min(x.Amount, cost)
	}
	return cost/100*x.Percent + (cost%100*x.Percent+50)/100
}

// Shares divides a total in proportion to weights, exactly: each gets its share
// rounded down, and what is left goes one by one to the largest remainders, the
// first of equals first. Nobody gets more than the weight while the total is no
// more than their sum. Total and weights are not negative, and their sums no more
// than an int64.
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
