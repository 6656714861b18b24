package stock

import (
	"entrepot"
	"entrepot/events"
)

// levels are the sums that a run of movements changes.
type levels struct {
	s                           *State
	onHand, reserved, movements int64
	safety                      int64
}

func (s *State) levels() levels {
	return levels{s: s, onHand: s.OnHand, reserved: s.Reserved, movements: s.Movements, safety: s.Settings.SafetyStock}
}

// free is what no order has set aside: what people may move.
func (l levels) free() int64 { return l.onHand - l.reserved }

// available is what may be promised to another order.
func (l levels) available() int64 { return max(0, l.free()-l.safety) }

// follow takes the levels after a movement.
func (l *levels) follow(e events.InventoryUpdated) {
	l.onHand, l.reserved, l.movements = e.OnHand, e.Reserved, e.Movement
}

func (s *State) movement(t entrepot.Turn, kind string, quantity int64, order entrepot.ID) events.InventoryUpdated {
	return s.levels().movement(t, kind, quantity, order)
}

// movement begins the item's next one, from the levels before it.
func (l levels) movement(t entrepot.Turn, kind string, quantity int64, order entrepot.ID) events.InventoryUpdated {
	return events.InventoryUpdated{
		ItemID: l.s.ID, ProductID: l.s.ProductID, VariantID: l.s.variant(), CompanyID: l.s.CompanyID, LocationID: l.s.LocationID,
		Kind: kind, Quantity: quantity, OrderID: order, OnHand: l.onHand, Reserved: l.reserved,
		AtMs: t.Now.UnixMilli(), Movement: l.movements + 1,
	}
}

// change makes a movement one of on-hand.
func change(e *events.InventoryUpdated, delta int64) {
	e.Delta = delta
	e.OnHand += delta
}

// finish completes a movement: what is left to sell after it.
func (l levels) finish(e events.InventoryUpdated) events.InventoryUpdated {
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
