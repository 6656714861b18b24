package stock

import (
	"entrepot"
	"entrepot/events"
)

// levels are the sums that a run of movements changes.
type levels struct {
	s                           *Record
	onHand, reserved, movements int64
	backordered, owed           int64 // promised beyond on-hand: held, and sold
	safety, expired             int64 // on hand, and not for sale
}

func (s *Record) levels() levels {
	expired := int64(0)
	for _, b := range s.Batches {
		if b.Expired {
			expired += b.Quantity
		}
	}
	return levels{expired: expired, s: s, onHand: s.OnHand, reserved: s.Reserved, movements: s.Movements, backordered: s.Backordered, owed: s.Owing, safety: s.SafetyStock}
}

// free is what no order has set aside or is owed: what people may move.
func (l levels) free() int64 { return max(0, l.onHand-l.reserved-l.owed-l.expired) }

// available is what may be promised to another order: goods that came in go to
// those who were promised them before.
func (l levels) available() int64 {
	return max(0, l.onHand-l.reserved-l.owed-l.backordered-l.safety-l.expired)
}

// follow takes the levels after a movement.
func (l *levels) follow(e events.InventoryUpdated) {
	l.onHand, l.reserved, l.movements, l.backordered, l.owed = e.OnHand, e.Reserved, e.Movement, e.Backordered, e.Owed
}

func (s *Record) movement(t entrepot.Turn, kind string, quantity int64, order entrepot.ID) events.InventoryUpdated {
	return s.levels().movement(t, kind, quantity, order)
}

// movement begins the item's next one, from the levels before it.
func (l levels) movement(t entrepot.Turn, kind string, quantity int64, order entrepot.ID) events.InventoryUpdated {
	return events.InventoryUpdated{
		ItemID: l.s.ID, ProductID: l.s.ProductID, VariantID: l.s.VariantID, CompanyID: l.s.CompanyID, LocationID: l.s.LocationID,
		Kind: kind, Quantity: quantity, OrderID: order, OnHand: l.onHand, Reserved: l.reserved, Backordered: l.backordered, Owed: l.owed,
		AtMs: t.Now.UnixMilli(), Movement: l.movements + 1,
	}
}

// ending is a movement that ends a reservation.
func (l levels) ending(t entrepot.Turn, kind string, r Reservation) events.InventoryUpdated {
	e := l.movement(t, kind, r.Quantity-r.Backordered, r.OrderID)
	e.Beyond = r.Backordered
	e.Reserved -= e.Quantity
	e.Backordered -= e.Beyond
	return e
}

// change makes a movement one of on-hand.
func change(e *events.InventoryUpdated, delta int64) {
	e.Delta = delta
	e.OnHand += delta
}

// finish completes a movement: which lots it leaves from, what it costs, and
// what is left to sell after it.
func (l levels) finish(e events.InventoryUpdated) events.InventoryUpdated {
	if e.Delta < 0 && len(l.s.Batches) > 0 {
		e.Parts = l.s.pick(-e.Delta, e.Batch)
		for _, p := range e.Parts {
			if p.Expired {
				l.expired -= p.Quantity
			}
		}
	}
	if e.Delta > 0 && e.Batch != "" && l.s.lapsed(e.Batch) {
		l.expired += e.Delta
	}
	l.s.cost(&e)
	l.follow(e)
	e.Available = l.available()
	return e
}

func (l levels) list(e events.InventoryUpdated) []events.Event { return []events.Event{l.finish(e)} }

// moved is a finished movement of goods, remembered by its natural id if it has one.
func (l levels) moved(e events.InventoryUpdated, ref Reference) []events.Event {
	if ref.Digest == "" {
		return l.list(e)
	}
	return []events.Event{referenced{l.finish(e), ref}}
}
