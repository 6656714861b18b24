package order

import (
	"entrepot"
)

// Get answers the order to its customer and to staff of its shop.
func (s *State) Get(t entrepot.Turn, _ Get) (*Order, error) {
	if err := s.reachable(t.Caller); err != nil {
		return nil, err
	}
	return s.View(), nil
}

// reachable refuses strangers, and whatever is not an order yet.
func (s *State) reachable(c entrepot.Caller) error {
	if s.ID == "" || s.Status == Placing || s.Status == Rejected {
		return entrepot.ErrNotFound
	}
	if !c.Is(s.CustomerID) && !c.MayReachShop(s.Group.CompanyID, s.Group.ShopID) {
		return entrepot.ErrNotFound
	}
	return nil
}

// settled answers Place once the checkout is decided: reserved, numbered and
// every sibling standing; or refused, naming the lines that lack as variant@shop.
func (s *State) settled(_ Place) (*Placed, bool, error) {
	switch {
	case s.Status == Placing || s.Todo.Adopt:
		return nil, false, nil
	case s.Status == Rejected && s.Refused != nil:
		refusal := entrepot.Errorf(entrepot.CodeConflict, "the promo code %s cannot be used: %s", s.Refused.Code, s.Refused.Message)
		refusal.Fields = []entrepot.FieldError{{Field: "promoCodes." + s.Refused.Code, Rule: s.Refused.Rule, Message: s.Refused.Message}}
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
	placed := &Placed{Orders: []*Order{s.View()}}
	for _, sib := range s.Siblings {
		placed.Orders = append(placed.Orders, s.sibling(sib).View())
	}
	return placed, true, nil
}

// sibling is an adopted order as it was made.
func (s *State) sibling(sib Sibling) *State {
	totals, _ := price(sib.Group) // priced when placed
	return &State{
		ID: sib.Group.OrderID, Number: sib.Number, CheckoutID: s.CheckoutID, CustomerID: s.CustomerID,
		Group: sib.Group, Totals: totals, Shipping: s.Shipping, Billing: s.Billing, Notes: s.Notes,
		Status: Pending, Payment: Unpaid, CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt, ExpiresAt: s.ExpiresAt, Version: 1,
		History: []Change{{Status: Pending, At: s.UpdatedAt, By: string(entrepot.Customer)}},
	}
}

// View is the order as a reply, freshly built.
func (s *State) View() *Order {
	v := &Order{
		ID: s.ID, OrderNumber: s.Number, CheckoutID: s.CheckoutID, CustomerID: s.CustomerID,
		CompanyID: s.Group.CompanyID, ShopID: s.Group.ShopID, Currency: s.Group.Currency,
		Lines:      pbGroup(s.Group).Lines,
		Promotions: pbGroup(s.Group).Promotions,
		Subtotal:   s.Totals.Subtotal, Tax: s.Totals.Tax, Shipping: s.Totals.Shipping,
		Discount: s.Totals.Discount, Total: s.Totals.Total,
		ShippingMethod: s.Group.Method.ID, ShippingMethodName: s.Group.Method.Name,
		Status: s.Status, PaymentStatus: s.Payment, PaymentID: s.PaymentID, TrackingNumber: s.Tracking, Notes: s.Notes,
		ShippingAddress: pbAddress(s.Shipping), BillingAddress: pbAddress(s.Billing), CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt, Version: s.Version,
	}
	if s.Status == Pending {
		v.ExpiresAt = s.ExpiresAt
	}
	for _, c := range s.History {
		v.History = append(v.History, Change{Status: c.Status, At: c.At, By: c.By, Note: c.Note})
	}
	return v
}

func pbGroup(g Group) GroupInput {
	out := GroupInput{
		OrderID: g.OrderID, CompanyID: g.CompanyID, ShopID: g.ShopID, Currency: g.Currency,
		TaxBasisPoints: g.TaxBasisPoints, Shipping: g.Shipping, Lines: make([]Line, 0, len(g.Lines)),
		Strategy: g.Strategy, ShippingMethod: g.Method.ID, ShippingMethodName: g.Method.Name, ShippingTaxed: g.ShippingTaxed,
	}
	for _, source := range g.Sources {
		out.Sources = append(out.Sources, Source{LocationID: source})
	}
	for _, l := range g.Lines {
		out.Lines = append(out.Lines, Line{
			ProductID: l.ProductID, VariantID: l.Variant(), Name: l.Name, SKU: l.SKU, Quantity: l.Quantity, Price: l.Price, Discount: l.Discount,
			Allocations: pbAllocations(l.Allocations), Backordered: l.Backordered,
		})
		out.Discount += l.Discount
	}
	for _, p := range g.Promotions {
		out.Promotions = append(out.Promotions, Promotion{
			ID: p.ID, Code: p.Code, Discount: p.Discount, FreeShipping: p.FreeShipping, Version: p.Version, PerCustomer: p.PerCustomer,
			Shipping: p.Shipping, FirstOrder: p.FirstOrder, Alone: p.Alone,
		})
	}
	return out
}

func pbAddress(a *Address) *Address {
	if a == nil {
		return nil
	}
	return &Address{
		Name: a.Name, Line1: a.Line1, Line2: a.Line2, City: a.City, State: a.State,
		PostalCode: a.PostalCode, Country: a.Country, Phone: a.Phone,
	}
}
