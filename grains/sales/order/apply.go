package order

import (
	"fmt"
	"time"

	"entrepot"
	"entrepot/events"
)

// Apply changes the state by one fact.
func (s *State) Apply(ev events.Event) {
	switch e := ev.(type) {
	case placing:
		s.place(e)
	case rejected:
		s.Missing, s.Refused = e.missing, e.refused
		s.move(Rejected, e.now, string(entrepot.System), "")
	case allocated:
		s.allocate(e)
	case unallocated:
		s.unallocate()
	case created:
		s.create(e)
	case events.OrderConfirmed:
		s.PaymentID, s.Payment = e.PaymentID, Paid
		s.Todo.Commit, s.Todo.Revive, s.Todo.Refund, s.Expired = true, false, false, false
		s.Todo.Settle = len(s.Group.Promotions) > 0
		s.move(Confirmed, e.AtMs, string(entrepot.System), "")
	case events.OrderCancelled:
		s.cancel(e)
	case committed:
		s.Todo.Commit, s.Committed = false, true
		if s.Status == Cancelled { // cancelled while the sale was being written
			s.Todo.Restock = true
		}
	case paymentFailed:
		s.History = append(s.History, Change{Status: s.Status, At: e.now, By: string(entrepot.System), Note: "payment failed: " + e.reason})
		s.UpdatedAt = e.now
		s.Version++
	case paidLate:
		s.Version++
		s.PaymentID, s.Payment = e.paymentID, Paid
		if e.revive {
			s.Todo.Revive, s.HoldID = true, revivedID(s.ID)
		} else {
			s.Todo.Refund = true
		}
	case done:
		e.what(&s.Todo)
		if e.paid != "" {
			s.Version++
			s.Payment = e.paid
		}
	}
}

func (s *State) place(e placing) {
	c := e.c
	s.ID, s.CheckoutID, s.CustomerID, s.HoldID = e.id, c.CheckoutID, c.CustomerID, e.id
	s.Group = groupOf(c.Groups[0])
	s.Totals, _ = price(s.Group) // Place has refused what does not price
	for _, g := range c.Groups[1:] {
		s.Siblings = append(s.Siblings, Sibling{Group: groupOf(g)})
	}
	alone(s.groups())
	s.Shipping, s.Billing, s.Notes, s.FromCart = addressOf(c.ShippingAddress), addressOf(c.BillingAddress), c.Notes, c.FromCart
	hold := time.Duration(c.HoldMs) * time.Millisecond
	if hold <= 0 {
		hold = DefaultHold
	}
	s.CreatedAt, s.ExpiresAt, s.Payment = e.now, e.now+hold.Milliseconds(), Unpaid
	s.move(Placing, e.now, string(entrepot.Customer), "")
	s.History = nil // history begins with the order itself
}

func (s *State) create(e created) {
	if c := e.adoption; c != nil {
		s.ID, s.CheckoutID, s.CustomerID, s.HoldID = e.OrderID, c.CheckoutID, c.CustomerID, attemptID(e.OrderID, c.Attempt)
		s.Attempt = c.Attempt
		s.Group = groupOf(c.Group)
		s.Totals, _ = price(s.Group) // Adopt has refused what does not price
		s.Shipping, s.Billing, s.Notes = addressOf(c.ShippingAddress), addressOf(c.BillingAddress), c.Notes
		s.CreatedAt, s.ExpiresAt, s.Payment = e.AtMs, e.ExpiresMs, Unpaid
	}
	s.Number = e.OrderNumber
	for _, b := range e.beyond {
		for _, g := range s.groups() {
			if g.OrderID == b.OrderID && b.Line < int64(len(g.Lines)) {
				g.Lines[b.Line].Backordered += b.Quantity
			}
		}
	}
	for i := range s.Siblings {
		s.Siblings[i].Number = e.numbers[s.Siblings[i].Group.OrderID]
	}
	s.Todo.Adopt = len(s.Siblings) > 0
	s.move(Pending, e.AtMs, string(entrepot.Customer), "")
}

// cancel begins to give back whatever the order holds.
func (s *State) cancel(e events.OrderCancelled) {
	switch {
	case s.Committed:
		s.Todo.Restock = true
	case s.Todo.Commit: // the commit runs; its answer restocks
	default:
		s.Todo.Release = true
	}
	if len(s.Group.Promotions) > 0 {
		s.Todo.Unclaim, s.Todo.Unuse = s.Payment == Unpaid, s.Payment == Paid
	}
	// An expired order leaves its payment open: money on its way reserves anew.
	s.Expired = e.Reason == expiredReason && e.By == string(entrepot.System)
	s.Todo.Refund = !s.Expired
	s.move(Cancelled, e.AtMs, e.By, e.Reason)
}

func (s *State) move(status string, at int64, by, note string) {
	s.Version++
	s.Status, s.UpdatedAt = status, at
	s.History = append(s.History, Change{Status: status, At: at, By: by, Note: note})
}

func (s *State) facts(now time.Time) events.OrderFacts {
	return events.OrderFacts{
		OrderID: s.ID, OrderNumber: s.Number, CheckoutID: s.CheckoutID, CustomerID: s.CustomerID,
		CompanyID: s.Group.CompanyID, ShopID: s.Group.ShopID, Currency: s.Group.Currency,
		Total: amount(s.Totals.Total, s.Group.Currency), AtMs: now.UnixMilli(),
	}
}

func (s *State) cancelled(t entrepot.Turn, reason string) events.OrderCancelled {
	e := events.OrderCancelled{OrderFacts: s.facts(t.Now), Reason: reason, By: string(t.Caller.Role)}
	if s.Status != Pending {
		e.PaymentID = s.PaymentID
	}
	return e
}

func (s *State) confirmed(t entrepot.Turn, paymentID entrepot.ID) events.OrderConfirmed {
	return events.OrderConfirmed{OrderFacts: s.facts(t.Now), PaymentID: paymentID, Items: itemsOf(s.Group)}
}

func (s *State) orderCreated(now time.Time, id entrepot.ID, number string, g Group, p Totals) events.OrderCreated {
	e := events.OrderCreated{
		OrderFacts: events.OrderFacts{
			OrderID: id, OrderNumber: number, CheckoutID: s.CheckoutID, CustomerID: s.CustomerID,
			CompanyID: g.CompanyID, ShopID: g.ShopID, Currency: g.Currency,
			Total: amount(p.Total, g.Currency), AtMs: now.UnixMilli(),
		},
		Pricing: events.OrderPricing{
			Subtotal: amount(p.Subtotal, g.Currency), Tax: amount(p.Tax, g.Currency), Shipping: amount(p.Shipping, g.Currency),
			Discount: amount(p.Discount, g.Currency), Total: amount(p.Total, g.Currency),
		},
		Items: itemsOf(g), ExpiresMs: s.ExpiresAt,
	}
	for _, p := range g.Promotions {
		e.PromoCodes = append(e.PromoCodes, p.Code)
	}
	e.ShippingMethod = g.Method.ID
	return e
}

func itemsOf(g Group) []events.OrderItem {
	items := make([]events.OrderItem, len(g.Lines))
	for i, l := range g.Lines {
		items[i] = events.OrderItem{
			ProductID: l.ProductID, VariantID: l.Variant(), Name: l.Name, Quantity: l.Quantity,
			Price: amount(l.Price, g.Currency), Subtotal: amount(l.Price*l.Quantity, g.Currency), Discount: amount(l.Discount, g.Currency),
		}
	}
	return items
}

func amount(minor int64, currency string) entrepot.Amount {
	return entrepot.Money{Minor: minor, Currency: currency}.Amount()
}

// number is an order number as people read it: year and place in the company's series.
func number(createdMs, n int64) string { return fmt.Sprintf("%d-%06d", year(createdMs), n) }

func year(ms int64) int { return time.UnixMilli(ms).UTC().Year() }

func groupOf(g GroupInput) Group {
	out := Group{
		OrderID: g.OrderID, CompanyID: g.CompanyID, ShopID: g.ShopID, Currency: g.Currency,
		TaxBasisPoints: g.TaxBasisPoints, Shipping: g.Shipping, Lines: make([]Line, 0, len(g.Lines)),
		Strategy: g.Strategy, Method: Method{g.ShippingMethod, g.ShippingMethodName}, ShippingTaxed: g.ShippingTaxed,
	}
	for _, source := range g.Sources {
		out.Sources = append(out.Sources, source.LocationID)
	}
	for _, l := range g.Lines {
		line := Line{
			ProductID: l.ProductID, VariantID: l.VariantID, Name: l.Name, SKU: l.SKU,
			Quantity: l.Quantity, Price: l.Price, Discount: l.Discount,
		}
		line.VariantID = line.Variant()
		line.Allocations, line.Backordered = allocationsOf(l.Allocations), l.Backordered
		out.Lines = append(out.Lines, line)
	}
	for _, p := range g.Promotions {
		out.Promotions = append(out.Promotions, Promotion{
			ID: p.ID, Code: p.Code, Discount: p.Discount, FreeShipping: p.FreeShipping,
			Version: p.Version, PerCustomer: p.PerCustomer, Shipping: p.Shipping, FirstOrder: p.FirstOrder,
			Alone: p.Alone,
		})
	}
	return out
}

func refusedOf(r *Refused) *Refused {
	if r == nil {
		return nil
	}
	return &Refused{Code: r.Code, Rule: r.Rule, Message: r.Message}
}

func addressOf(a *Address) *Address {
	if a == nil {
		return nil
	}
	return &Address{
		Name: a.Name, Line1: a.Line1, Line2: a.Line2, City: a.City, State: a.State,
		PostalCode: a.PostalCode, Country: a.Country, Phone: a.Phone,
	}
}
