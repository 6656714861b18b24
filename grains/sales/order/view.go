package order

import (
	"slices"

	"entrepot"
)

// Get returns the order to its customer and to staff of its shop.
func (s *State) Get(t entrepot.Turn, _ Get) (*Order, error) {
	if err := s.reachable(t.Caller); err != nil {
		return nil, err
	}
	return s.reply(), nil
}

// reachable returns ErrNotFound to strangers, and for an order that is not created yet.
func (s *State) reachable(c entrepot.Caller) error {
	if s.ID == "" || s.Status == Placing || s.Status == Rejected {
		return entrepot.ErrNotFound
	}
	if !c.Is(s.CustomerID) && !c.MayReachShop(s.CompanyID, s.ShopID) {
		return entrepot.ErrNotFound
	}
	return nil
}

// placed returns the reply to Place once every order of the checkout stands, or the
// refusal, with the lines that lack as variant@shop.
func (s *State) placed(_ Place) (*Placed, bool, error) {
	switch {
	case s.Status == Placing || s.Todo[adopting]:
		return nil, false, nil
	case s.Status == Rejected && s.Refused != nil:
		r := s.Refused
		refusal := entrepot.Errorf(entrepot.CodeConflict, "the promo code %s cannot be used: %s", r.Code, r.Message)
		refusal.Fields = []entrepot.FieldError{{Field: "promoCodes." + r.Code, Rule: r.Rule, Message: r.Message}}
		return nil, true, refusal
	case s.Status == Rejected:
		refusal := entrepot.Errorf(entrepot.CodeOutOfStock, "not every line is in stock")
		for _, m := range s.Missing {
			refusal.Fields = append(refusal.Fields, entrepot.FieldError{
				Field: m.VariantID + "@" + m.ShopID, Rule: "stock", Message: "not enough in stock",
			})
		}
		return nil, true, refusal
	}
	out := &Placed{Orders: []*Order{s.reply()}}
	for _, sib := range s.Siblings {
		o := s.sibling(sib)
		o = o.clone()
		out.Orders = append(out.Orders, &o)
	}
	return out, true, nil
}

// sibling returns the order of a sibling as it is created.
func (s *State) sibling(sib Sibling) Order {
	totals, _ := Price(&sib.Group) // Place has refused what has no price
	return Order{
		ID: sib.OrderID, Number: sib.Number, CheckoutID: s.CheckoutID, CustomerID: s.CustomerID,
		Group: sib.Group, Totals: totals, ShippingAddress: s.ShippingAddress, BillingAddress: s.BillingAddress,
		Notes: s.Notes, Status: Pending, PaymentStatus: Unpaid, Version: 1,
		CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt, ExpiresAt: s.ExpiresAt,
		History: []Change{{Status: Pending, At: s.UpdatedAt, By: string(entrepot.Customer)}},
	}
}

func (s *State) reply() *Order {
	o := s.Order.clone()
	return &o
}

// clone returns a copy that shares no memory.
func (o *Order) clone() Order {
	c := *o
	c.Group, c.History = o.Group.clone(), slices.Clone(o.History)
	return c
}
