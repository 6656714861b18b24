package order

import "entrepot"

// Totals is the cost of one group, in minor units.
type Totals struct {
	Subtotal int64 `json:"subtotal"` // of the goods
	Tax      int64 `json:"tax"`
	Shipping int64 `json:"shipping"`
	Discount int64 `json:"discount"`
	Total    int64 `json:"total"`
}

// Price returns the cost of a group: the goods less their discounts, the shipping,
// and the tax on the goods and on taxed shipping, rounded half up.
func Price(g *Group) (Totals, error) {
	if len(g.Lines) == 0 || len(g.Lines) > 200 {
		return Totals{}, entrepot.Invalid("items", "length", "an order has 1 to 200 lines")
	}
	var p Totals
	for _, l := range g.Lines {
		if l.Quantity < 1 || l.Quantity > 10_000 {
			return Totals{}, entrepot.Invalid("items.quantity", "range", "must be 1 to 10000")
		}
		sub, ok := entrepot.Money{Minor: l.Price, Currency: g.Currency}.Times(l.Quantity)
		if !ok {
			return Totals{}, entrepot.Invalid("items.quantity", "maximum", "price times quantity is too large")
		}
		if l.Discount < 0 || l.Discount > sub.Minor {
			return Totals{}, entrepot.Invalid("items", "discount", "a discount must be 0 to the price of its line")
		}
		p.Subtotal += sub.Minor
		p.Discount += l.Discount
	}
	if g.Shipping < 0 || p.Subtotal > entrepot.MaxMinor/10 || g.Shipping > entrepot.MaxMinor/10 {
		return Totals{}, entrepot.Invalid("items", "maximum", "the order's total is too large")
	}
	taxed := p.Subtotal - p.Discount
	if g.ShippingTaxed {
		taxed += g.Shipping
	}
	p.Tax = (taxed*g.TaxBasisPoints + 5_000) / 10_000
	p.Shipping = g.Shipping
	p.Total = p.Subtotal - p.Discount + p.Tax + p.Shipping
	return p, nil
}
