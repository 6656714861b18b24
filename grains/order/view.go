package order

import (
	"entrepot"
	"entrepot/grains/order/orderpb"
)

// Get answers the order to its customer and to staff of its shop.
func (s *State) Get(t entrepot.Turn, _ *orderpb.Get) (*orderpb.Order, error) {
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
func (s *State) settled(_ *orderpb.Place) (*orderpb.Placed, bool, error) {
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
	placed := &orderpb.Placed{Orders: []*orderpb.Order{s.View()}}
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
		Status: Pending, Payment: Unpaid, CreatedMs: s.CreatedMs, UpdatedMs: s.UpdatedMs, ExpiresMs: s.ExpiresMs, Version: 1,
		History: []Change{{Status: Pending, AtMs: s.UpdatedMs, By: string(entrepot.Customer)}},
	}
}

// View is the order as a reply, freshly built.
func (s *State) View() *orderpb.Order {
	v := &orderpb.Order{
		Id: s.ID, OrderNumber: s.Number, CheckoutId: s.CheckoutID, CustomerId: s.CustomerID,
		CompanyId: s.Group.CompanyID, ShopId: s.Group.ShopID, Currency: s.Group.Currency,
		Lines:         pbGroup(s.Group).GetLines(),
		Promotions:    pbGroup(s.Group).GetPromotions(),
		SubtotalMinor: s.Totals.Subtotal, TaxMinor: s.Totals.Tax, ShippingMinor: s.Totals.Shipping,
		DiscountMinor: s.Totals.Discount, TotalMinor: s.Totals.Total,
		ShippingMethod: s.Group.Method.ID, ShippingMethodName: s.Group.Method.Name,
		Status: s.Status, PaymentStatus: s.Payment, PaymentId: s.PaymentID, TrackingNumber: s.Tracking, Notes: s.Notes,
		Shipping: pbAddress(s.Shipping), Billing: pbAddress(s.Billing), CreatedMs: s.CreatedMs, UpdatedMs: s.UpdatedMs, Version: s.Version,
	}
	if s.Status == Pending {
		v.ExpiresMs = s.ExpiresMs
	}
	for _, c := range s.History {
		v.History = append(v.History, &orderpb.Change{Status: c.Status, AtMs: c.AtMs, By: c.By, Note: c.Note})
	}
	return v
}

func pbGroup(g Group) *orderpb.Group {
	out := &orderpb.Group{
		OrderId: g.OrderID, CompanyId: g.CompanyID, ShopId: g.ShopID, Currency: g.Currency,
		TaxBasisPoints: g.TaxBasisPoints, ShippingMinor: g.Shipping, Lines: make([]*orderpb.Line, 0, len(g.Lines)),
		Strategy: g.Strategy, ShippingMethod: g.Method.ID, ShippingMethodName: g.Method.Name, ShippingTaxed: g.ShippingTaxed,
	}
	for _, source := range g.Sources {
		out.Sources = append(out.Sources, &orderpb.Source{LocationId: source})
	}
	for _, l := range g.Lines {
		out.Lines = append(out.Lines, &orderpb.Line{
			ProductId: l.ProductID, VariantId: l.Variant(), Name: l.Name, Sku: l.SKU, Quantity: l.Quantity, PriceMinor: l.Price, DiscountMinor: l.Discount,
			Allocations: pbAllocations(l.Allocations), Backordered: l.Backordered,
		})
		out.DiscountMinor += l.Discount
	}
	for _, p := range g.Promotions {
		out.Promotions = append(out.Promotions, &orderpb.Promotion{
			Id: p.ID, Code: p.Code, DiscountMinor: p.Discount, FreeShipping: p.FreeShipping, Version: p.Version, PerCustomer: p.PerCustomer,
			ShippingMinor: p.Shipping, FirstOrder: p.FirstOrder, Alone: p.Alone,
		})
	}
	return out
}

func pbAddress(a *Address) *orderpb.Address {
	if a == nil {
		return nil
	}
	return &orderpb.Address{
		Name: a.Name, Line1: a.Line1, Line2: a.Line2, City: a.City, State: a.State,
		PostalCode: a.PostalCode, Country: a.Country, Phone: a.Phone,
	}
}
