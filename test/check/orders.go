package check

import (
	"entrepot"
	"entrepot/events"
	"entrepot/grains/inventory/stock"
	"entrepot/grains/payment/payment"
	"entrepot/grains/sales/order"
)

// Order is the part of an order's document that the rules are about.
type Order struct {
	order.Order
	Todo      order.Todo  `json:"todo"`
	HoldID    entrepot.ID `json:"holdId"`
	Committed bool        `json:"committed"`
}

// checkOrders checks I5 for the processes of orders, and orders against the stock.
func checkOrders(r *report, w *World, l ledger) {
	numbers := map[[2]string]entrepot.ID{}
	expected := map[[2]entrepot.ID]int64{} // stock item and reservation id
	for id, o := range w.Orders {
		if o.ID == "" {
			continue
		}
		if o.Status == order.Placing || len(o.Todo) > 0 {
			r.waiting("I5", "order %s is %s and has to do %+v", id, o.Status, o.Todo)
		}
		if o.Status != order.Placing && o.Status != order.Rejected {
			k := [2]string{o.Group.CompanyID, o.Number}
			if other, taken := numbers[k]; taken || o.Number == "" {
				r.broken("I2", "orders %s and %s have the number %q", id, other, o.Number)
			}
			numbers[k] = id
		}
		for _, line := range o.Group.Lines {
			from := line.Allocations
			if len(from) == 0 {
				from = []order.Allocation{{LocationID: o.Group.ShopID, Quantity: line.Quantity}}
			}
			for _, a := range from {
				item := stock.ID(line.VariantID, a.LocationID)
				line.Quantity = a.Quantity
				checkLine(r, w, o, line, l.of(item, o.HoldID))
				if o.Status == order.Pending || (o.Status == order.Confirmed && !o.Committed) {
					expected[[2]entrepot.ID{item, o.HoldID}] += a.Quantity
				}
			}
		}
	}
	if len(w.Orders) == 0 {
		return // the stock alone was run
	}
	checkHolds(r, w, expected)
}

// checkHolds checks that the reservations are those of waiting orders.
func checkHolds(r *report, w *World, expected map[[2]entrepot.ID]int64) {
	for id, s := range w.Items {
		for _, h := range s.Holds {
			k := [2]entrepot.ID{id, h.OrderID}
			if expected[k] != h.Quantity {
				r.waiting("I5", "item %s holds %d for %s, which asks for %d", id, h.Quantity, h.OrderID, expected[k])
			}
			delete(expected, k)
		}
	}
	for k, n := range expected {
		r.waiting("I5", "item %s holds nothing for %s, which waits for %d", k[0], k[1], n)
	}
}

// checkLine checks the pieces sold for a line in the stock's ledger against the order.
func checkLine(r *report, w *World, o *Order, line order.Line, t *tally) {
	want := int64(0)
	if o.Committed && o.Status != order.Cancelled {
		want = line.Quantity
	}
	if t.pieces != want {
		r.waiting("I1", "order %s (%s) of %d %s: the ledger sold %d", o.ID, o.Status, line.Quantity, line.ProductID, t.pieces)
	}
	if t.reserved > 1 || t.sold > 1 || t.restocked > 1 {
		r.broken(
			"I1", "order %s: a line was reserved %d, sold %d and restocked %d times", o.ID, t.reserved, t.sold, t.restocked,
		)
	}
}

// checkPayments checks I4: the captured amounts less the refunds are the totals of paid
// orders, in the states and in the audit log.
func checkPayments(r *report, w *World) {
	captured, refunded := map[entrepot.ID]int64{}, map[entrepot.ID]int64{}
	for i := range w.Audit {
		e := &w.Audit[i]
		switch e.Type {
		case (events.PaymentSuccess{}).EventType():
			var p events.PaymentSuccess
			captured[e.Aggregate.ID] += money(r, e, &p, func() (entrepot.Amount, string) { return p.Amount, p.Currency })
		case (events.PaymentRefunded{}).EventType():
			var p events.PaymentRefunded
			refunded[e.Aggregate.ID] += money(r, e, &p, func() (entrepot.Amount, string) { return p.Amount, p.Currency })
		}
	}
	for id, p := range w.Payments {
		if p.ID == "" {
			continue
		}
		if captured[id] != p.Captured || refunded[id] != p.Refunded {
			r.waiting("I4", "payment %s captured %d and refunded %d, the audit log says %d and %d",
				id, p.Captured, p.Refunded, captured[id], refunded[id])
		}
		if p.Refunded > p.Captured || (p.Captured != 0 && p.Captured != p.Amount) {
			r.broken("I4", "payment %s of %d captured %d and refunded %d", id, p.Amount, p.Captured, p.Refunded)
		}
		if p.OrderID != "" && w.Orders[p.OrderID] == nil {
			r.waiting("I4", "payment %s is of order %s, which is not there", id, p.OrderID)
		}
	}
	for id, o := range w.Orders {
		if o.ID != "" && o.Status != order.Placing && o.Status != order.Rejected {
			checkPaid(r, w, o, w.Payments[payment.ID(id)])
		}
	}
}

func checkPaid(r *report, w *World, o *Order, p *payment.Payment) {
	if p == nil {
		r.waiting("I4", "order %s (%s) has no payment", o.ID, o.Status)
		return
	}
	kept, want := p.Captured-p.Refunded, int64(0)
	if o.PaymentStatus == order.Paid && o.Status != order.Cancelled {
		want = o.Totals.Total
	}
	if kept != want {
		r.waiting(
			"I4", "order %s (%s, %s) of %d: %d captured - %d refunded", o.ID, o.Status, o.PaymentStatus, o.Totals.Total,
			p.Captured, p.Refunded,
		)
	}
	if o.Status == order.Confirmed && o.PaymentStatus != order.Paid {
		r.broken("I4", "order %s is confirmed and %s", o.ID, o.PaymentStatus)
	}
}

func money(r *report, e *events.Envelope, into events.Event, amount func() (entrepot.Amount, string)) int64 {
	if err := e.Decode(into); err != nil {
		r.broken("I4", "event %s does not decode: %v", e.ID, err)
		return 0
	}
	a, currency := amount()
	m, err := entrepot.ParseMoney("amount", string(a), currency)
	if err != nil {
		r.broken("I4", "event %s: %v", e.ID, err)
	}
	return m.Minor
}
