package stock

import (
	"entrepot"
	"entrepot/events"
)

// levels are the sums that a run of movements changes, before they are applied.
type levels struct {
	s                           *Record
	onHand, reserved, movements int64
	backordered, owed           int64 // promised beyond on-hand: reserved, and sold
	safety, expired             int64 // on hand and not for sale
}

func (s *Record) levels() levels {
	expired := int64(0)
	for _, b := range s.Batches {
		if b.Expired {
			expired += b.Quantity
		}
	}
	return levels{
		s: s, onHand: s.OnHand, reserved: s.Reserved, movements: s.Movements, backordered: s.Backordered, owed: s.Owing,
		safety: s.SafetyStock, expired: expired,
	}
}

// free returns the pieces that people may move: not reserved, owed or expired.
func (l levels) free() int64 { return max(0, l.onHand-l.reserved-l.owed-l.expired) }

// available returns the pieces that may be promised to another order. Backorders come
// first.
func (l levels) available() int64 {
	return max(0, l.onHand-l.reserved-l.owed-l.backordered-l.safety-l.expired)
}

// follow sets the levels to those after a movement.
func (l *levels) follow(e events.InventoryUpdated) {
	l.onHand, l.reserved, l.movements, l.backordered, l.owed = e.OnHand, e.Reserved, e.Movement, e.Backordered, e.Owed
}

// movement begins the next movement of the item.
func (s *Record) movement(t entrepot.Turn, kind string, quantity int64, order entrepot.ID) events.InventoryUpdated {
	return s.levels().movement(t, kind, quantity, order)
}

// movement begins the next movement of the item from the levels before it.
func (l levels) movement(t entrepot.Turn, kind string, quantity int64, order entrepot.ID) events.InventoryUpdated {
	return events.InventoryUpdated{
		ItemID: l.s.ID, ProductID: l.s.ProductID, VariantID: l.s.VariantID,
		CompanyID: l.s.CompanyID, LocationID: l.s.LocationID,
		Kind: kind, Quantity: quantity, OrderID: order,
		OnHand: l.onHand, Reserved: l.reserved, Backordered: l.backordered, Owed: l.owed,
		AtMs: t.Now.UnixMilli(), Movement: l.movements + 1,
	}
}

// ending begins a movement that ends a reservation.
func (l levels) ending(t entrepot.Turn, kind string, r Reservation) events.InventoryUpdated {
	e := l.movement(t, kind, r.Quantity-r.Backordered, r.OrderID)
	e.Beyond = r.Backordered
	e.Reserved -= e.Quantity
	e.Backordered -= e.Beyond
	return e
}

// change sets the effect of a movement on the pieces on hand.
func change(e *events.InventoryUpdated, delta int64) {
	e.Delta = delta
	e.OnHand += delta
}

// finish completes a movement with its lots, its cost and the pieces available after it.
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

// list finishes a movement that is the only one.
func (l levels) list(e events.InventoryUpdated) []events.Event { return []events.Event{l.finish(e)} }

// moved finishes a movement of goods, with its reference if it has one.
func (l levels) moved(e events.InventoryUpdated, ref Reference) []events.Event {
	if ref.Digest == "" {
		return l.list(e)
	}
	return []events.Event{referenced{l.finish(e), ref}}
}
