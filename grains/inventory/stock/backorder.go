package stock

import (
	"cmp"
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
)

// Owed is the pieces of a sale that were not on hand at its payment.
type Owed struct {
	OrderID  entrepot.ID `json:"o"`
	Quantity int64       `json:"q"`
}

// mostDeliveries bounds the backorders served at once; the next wake serves more.
const mostDeliveries = 200

// beyond returns how many pieces beyond on-hand may be promised now.
func (s *Record) beyond(now time.Time, l levels) int64 {
	if ends := s.BackorderEndsAt; ends != 0 && ends <= now.UnixMilli() {
		return 0
	}
	return max(0, s.BackorderLimit-l.backordered-l.owed)
}

// deliver adds the movements that give free goods to backorders: first to sales in the
// order of their payments, then to reservations in the order of their expiry, which is
// the order in which they were made.
func (s *State) deliver(t entrepot.Turn, happened []events.Event) []events.Event {
	if s.Owing == 0 && s.Backordered == 0 && !slices.ContainsFunc(happened, goesBeyond) {
		return happened
	}
	next := s.clone()
	for _, e := range happened {
		next.Apply(e)
	}
	for range mostDeliveries {
		e, any := next.delivery(t)
		if !any {
			break
		}
		next.Apply(e)
		happened = append(happened, e)
	}
	return happened
}

func goesBeyond(e events.Event) bool {
	m, ok := e.(events.InventoryUpdated)
	return ok && m.Beyond > 0
}

// delivery returns the next movement that gives free goods to a backorder; false if
// there is none.
func (s *State) delivery(t entrepot.Turn) (events.InventoryUpdated, bool) {
	l := s.levels()
	loose := l.onHand - l.reserved - l.expired
	if len(s.Owed) > 0 && loose > 0 {
		o := s.Owed[0]
		n := min(loose, o.Quantity)
		e := l.movement(t, events.Filled, n, o.OrderID)
		change(&e, -n)
		e.Owed -= n
		return l.finish(e), true
	}
	if l.backordered == 0 || loose-l.safety <= 0 {
		return events.InventoryUpdated{}, false
	}
	var first *Reservation
	for i := range s.Holds {
		h := &s.Holds[i]
		if h.Backordered > 0 && (first == nil || h.before(first)) {
			first = h
		}
	}
	n := min(loose-l.safety, first.Backordered)
	e := l.movement(t, events.Covered, n, first.OrderID)
	e.Reserved += n
	e.Backordered -= n
	return l.finish(e), true
}

// before orders reservations by expiry, then by order.
func (r *Reservation) before(other *Reservation) bool {
	return cmp.Or(cmp.Compare(r.ExpiresAt, other.ExpiresAt), cmp.Compare(r.OrderID, other.OrderID)) < 0
}

// owes returns the pieces of an order's sale that are still to be delivered.
func (s *State) owes(order entrepot.ID) (n int64) {
	for _, o := range s.Owed {
		if o.OrderID == order {
			n += o.Quantity
		}
	}
	return n
}

// pay takes pieces off the pieces that an order is owed.
func (s *State) pay(order entrepot.ID, n int64) {
	s.Owed = slices.DeleteFunc(s.Owed, func(o Owed) bool { return o.OrderID == order && o.Quantity <= n })
	for i := range s.Owed {
		if s.Owed[i].OrderID == order {
			s.Owed[i].Quantity -= n
		}
	}
}

// clone returns a state that shares no memory with this one.
func (s *State) clone() *State {
	next := *s
	next.Holds, next.Gone, next.Back = slices.Clone(s.Holds), slices.Clone(s.Gone), slices.Clone(s.Back)
	next.Refs, next.Owed = slices.Clone(s.Refs), slices.Clone(s.Owed)
	next.Batches, next.Layers = slices.Clone(s.Batches), slices.Clone(s.Layers)
	next.byOrder, next.next = nil, 0
	return &next
}
