package order

import (
	"slices"

	"entrepot"
)

// Group is the part of a checkout that one shop sells.
type Group struct {
	OrderID        entrepot.ID `json:"orderId"`
	CompanyID      entrepot.ID `json:"companyId"`
	ShopID         entrepot.ID `json:"shopId"`
	Currency       string      `json:"currency"`
	TaxBasisPoints int64       `json:"taxBasisPoints"`
	Shipping       int64       `json:"shipping"` // before tax
	Method         Method      `json:"shippingMethod,omitzero"`
	ShippingTaxed  bool        `json:"shippingTaxed,omitempty"` // at the rate of the goods
	Lines          []Line      `json:"items"`
	Promotions     []Promotion `json:"promotions,omitempty"`
	// Sources are the locations that the goods may come from, the preferred first;
	// none: the shop itself.
	Sources  []entrepot.ID `json:"sources,omitempty"`
	Strategy string        `json:"strategy,omitempty"` // [ByPriority] by default
}

// clone returns a copy that shares no memory.
func (g *Group) clone() Group {
	c := *g
	c.Lines, c.Promotions, c.Sources = slices.Clone(g.Lines), slices.Clone(g.Promotions), slices.Clone(g.Sources)
	for i := range c.Lines {
		c.Lines[i].Allocations = slices.Clone(c.Lines[i].Allocations)
	}
	return c
}

// markAlone marks the promo codes that discount one of the groups only.
func markAlone(groups []*Group) {
	groupsOf := map[entrepot.ID]int{}
	for _, g := range groups {
		for _, p := range g.Promotions {
			groupsOf[p.ID]++
		}
	}
	for _, g := range groups {
		for i := range g.Promotions {
			g.Promotions[i].Alone = groupsOf[g.Promotions[i].ID] == 1
		}
	}
}

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

// Method is a shipping method of the shop's rules when the order was placed. The zero
// Method is that of a shop without rules.
type Method struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Promotion is a promo code that discounts the group.
type Promotion struct {
	ID           entrepot.ID `json:"id"`
	Code         string      `json:"code"`
	Discount     int64       `json:"discount,omitempty"`
	FreeShipping bool        `json:"freeShipping,omitempty"`
	Shipping     int64       `json:"shipping,omitempty"` // off the shipping
	FirstOrder   bool        `json:"firstOrder,omitempty"`
	Version      int64       `json:"version"`
	PerCustomer  int64       `json:"perCustomer,omitempty"`
	Alone        bool        `json:"alone,omitempty"` // the code discounts no other order of the checkout
}

// Line is some pieces of a variant at the price of when the order was placed.
type Line struct {
	ProductID   entrepot.ID  `json:"productId"`
	Name        string       `json:"name"`
	SKU         string       `json:"sku"`
	Quantity    int64        `json:"quantity"`
	Price       int64        `json:"price"`                 // of one piece
	VariantID   entrepot.ID  `json:"variantId"`             // the product's id if it has no variants
	Discount    int64        `json:"discount,omitempty"`    // of the whole line
	Allocations []Allocation `json:"allocations,omitempty"` // none: all from the shop
	Backordered int64        `json:"backordered,omitempty"` // of Quantity, pieces not on hand when reserved
}

func (l *Line) missing(shop entrepot.ID, wanted int64) Missing {
	return Missing{ProductID: l.ProductID, VariantID: l.VariantID, ShopID: shop, Wanted: wanted}
}

// Backordered are pieces of a line that are promised and not on hand.
type Backordered struct {
	OrderID  entrepot.ID
	Line     int // its place in the group
	Quantity int64
}

// Refused is a promo code that could not be used.
type Refused struct {
	Code    string `json:"code"`
	Rule    string `json:"rule"`
	Message string `json:"message"`
}

// Missing is a line that could not be reserved.
type Missing struct {
	ProductID entrepot.ID `json:"productId"`
	VariantID entrepot.ID `json:"variantId,omitempty"`
	ShopID    entrepot.ID `json:"shopId"`
	Wanted    int64       `json:"wanted"`
}

// Address is a postal address of a person.
type Address struct {
	Name       string `json:"name,omitempty"`
	Line1      string `json:"line1,omitempty"`
	Line2      string `json:"line2,omitempty"`
	City       string `json:"city,omitempty"`
	State      string `json:"state,omitempty"`
	PostalCode string `json:"postalCode,omitempty"`
	Country    string `json:"country,omitempty"`
	Phone      string `json:"phone,omitempty"`
}

// Change is one entry of an order's status history.
type Change struct {
	Status string `json:"status"`
	At     int64  `json:"atMs"` // Unix ms
	By     string `json:"by"`   // role of the actor
	Note   string `json:"note,omitempty"`
}
