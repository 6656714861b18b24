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
	case planned:
		s.allocate(e)
	case unplanned:
		s.unallocate()
	case created:
		s.create(e)
	case adopted:
		s.Order, s.Attempt = e.cmd.Order.clone(), e.cmd.Attempt
		s.HoldID = attemptID(s.ID, s.Attempt)
	case events.OrderConfirmed:
		s.PaymentID, s.PaymentStatus, s.Expired = e.PaymentID, Paid, false
		s.begin(committing)
		s.finish(reviving, refunding)
		if len(s.Promotions) > 0 {
			s.begin(settling)
		}
		s.move(Confirmed, e.AtMs, string(entrepot.System), "")
	case events.OrderCancelled:
		s.cancel(e)
	case sold:
		s.Committed = true
		s.finish(committing)
		if s.Status == Cancelled { // cancelled while the sale was being written
			s.begin(restocking)
		}
	case paymentFailed:
		note := "payment failed: " + e.reason
		s.History = append(s.History, Change{Status: s.Status, At: e.now, By: string(entrepot.System), Note: note})
		s.UpdatedAt = e.now
		s.Version++
	case paidLate:
		s.payLate(e)
	case begun:
		s.begin(e.task)
	case finished:
		s.finish(e.task)
		if e.task == refunding && s.PaymentStatus == Paid {
			s.PaymentStatus = Refunded
			s.Version++
		}
	}
}

func (s *State) place(e placing) {
	c := e.cmd
	s.ID, s.CheckoutID, s.CustomerID, s.HoldID = e.id, c.CheckoutID, c.CustomerID, e.id
	s.Group = c.Groups[0].clone()
	s.Totals, _ = Price(&s.Group) // Place has refused what has no price
	for _, g := range c.Groups[1:] {
		s.Siblings = append(s.Siblings, Sibling{Group: g.clone()})
	}
	markAlone(s.groups())
	s.ShippingAddress, s.BillingAddress = c.ShippingAddress, c.BillingAddress
	s.Notes, s.FromCart = c.Notes, c.FromCart
	hold := time.Duration(c.HoldMs) * time.Millisecond
	if hold <= 0 {
		hold = DefaultHold
	}
	s.CreatedAt, s.ExpiresAt, s.PaymentStatus = e.now, e.now+hold.Milliseconds(), Unpaid
	s.move(Placing, e.now, string(entrepot.Customer), "")
	s.History = nil // history begins with the order itself
}

func (s *State) create(e created) {
	s.Number = e.OrderNumber
	for _, b := range e.beyond {
		for _, g := range s.groups() {
			if g.OrderID == b.OrderID {
				g.Lines[b.Line].Backordered += b.Quantity
			}
		}
	}
	for i := range s.Siblings {
		s.Siblings[i].Number = e.numbers[s.Siblings[i].OrderID]
	}
	if len(s.Siblings) > 0 {
		s.begin(adopting)
	}
	s.move(Pending, e.AtMs, string(entrepot.Customer), "")
}

// cancel begins to give back everything that the order holds.
func (s *State) cancel(e events.OrderCancelled) {
	switch {
	case s.Committed:
		s.begin(restocking)
	case s.Todo[committing]: // its result begins the restocking
	default:
		s.begin(releasing)
	}
	if len(s.Promotions) > 0 && s.PaymentStatus == Unpaid {
		s.begin(unclaiming)
	} else if len(s.Promotions) > 0 && s.PaymentStatus == Paid {
		s.begin(unusing)
	}
	// An expired order leaves its payment open: money on its way reserves anew.
	s.Expired = e.Reason == expiredReason && e.By == string(entrepot.System)
	if !s.Expired {
		s.begin(refunding)
	}
	s.move(Cancelled, e.AtMs, e.By, e.Reason)
}

func (s *State) payLate(e paidLate) {
	s.Version++
	s.PaymentID, s.PaymentStatus = e.paymentID, Paid
	if e.revive {
		s.HoldID = revivedID(s.ID)
		s.begin(reviving)
	} else {
		s.begin(refunding)
	}
}

func (s *State) move(status string, at int64, by, note string) {
	s.Version++
	s.Status, s.UpdatedAt = status, at
	s.History = append(s.History, Change{Status: status, At: at, By: by, Note: note})
}

func (o *Order) facts(now time.Time) events.OrderFacts {
	return events.OrderFacts{
		OrderID: o.ID, OrderNumber: o.Number, CheckoutID: o.CheckoutID, CustomerID: o.CustomerID,
		CompanyID: o.CompanyID, ShopID: o.ShopID, Currency: o.Currency,
		Total: amount(o.Total, o.Currency), AtMs: now.UnixMilli(),
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
	return events.OrderConfirmed{OrderFacts: s.facts(t.Now), PaymentID: paymentID, Items: itemsOf(&s.Group)}
}

func (o *Order) created(now time.Time) events.OrderCreated {
	m := func(minor int64) entrepot.Amount { return amount(minor, o.Currency) }
	e := events.OrderCreated{
		OrderFacts: o.facts(now),
		Pricing: events.OrderPricing{
			Subtotal: m(o.Subtotal), Tax: m(o.Tax), Shipping: m(o.Totals.Shipping), Discount: m(o.Discount), Total: m(o.Total),
		},
		Items: itemsOf(&o.Group), ExpiresMs: o.ExpiresAt, ShippingMethod: o.Method.ID,
	}
	for _, p := range o.Promotions {
		e.PromoCodes = append(e.PromoCodes, p.Code)
	}
	return e
}

func itemsOf(g *Group) []events.OrderItem {
	items := make([]events.OrderItem, len(g.Lines))
	for i, l := range g.Lines {
		items[i] = events.OrderItem{
			ProductID: l.ProductID, VariantID: l.VariantID, Name: l.Name, Quantity: l.Quantity,
			Price: amount(l.Price, g.Currency), Subtotal: amount(l.Price*l.Quantity, g.Currency),
			Discount: amount(l.Discount, g.Currency),
		}
	}
	return items
}

func amount(minor int64, currency string) entrepot.Amount {
	return entrepot.Money{Minor: minor, Currency: currency}.Amount()
}

// number returns an order number: the year and the place in the company's series.
func number(createdMs, n int64) string { return fmt.Sprintf("%d-%06d", year(createdMs), n) }

func year(ms int64) int { return time.UnixMilli(ms).UTC().Year() }
