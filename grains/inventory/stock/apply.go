package stock

import (
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
)

// Apply changes the state by one fact.
func (s *State) Apply(ev events.Event) {
	switch e := ev.(type) {
	case barred:
		s.forget(e.atMs)
		s.Gone = append(s.Gone, Gone{OrderID: e.orderID, Until: e.atMs + rememberReleased.Milliseconds()})
	case events.InventoryUpdated:
		s.take(e)
	case events.InventoryBatchExpired:
		for i := range s.Batches {
			if s.Batches[i].Lot == e.Batch {
				s.Batches[i].Expired = true
			}
		}
	case events.InventoryConfigured:
		s.Settings, s.Revision, s.UpdatedAt = settingsOf(e), e.Revision, e.AtMs
	case alerted:
		s.Alert = e.alert
	case referenced:
		s.take(e.InventoryUpdated)
		s.refer(e)
	}
}

func (s *State) take(e events.InventoryUpdated) {
	s.index()
	if s.ID == "" {
		s.ID, s.ProductID, s.VariantID = e.ItemID, e.ProductID, e.VariantID
		s.CompanyID, s.LocationID, s.CreatedAt = e.CompanyID, e.LocationID, e.AtMs
	}
	s.move(e)
	s.batched(e)
	s.value(e)
	s.OnHand, s.Reserved, s.Movements, s.UpdatedAt = e.OnHand, e.Reserved, e.Movement, e.AtMs
	s.Backordered, s.Owing = e.Backordered, e.Owed
}

func (s *State) move(e events.InventoryUpdated) {
	switch e.Kind {
	case events.Received:
		s.Received += e.Quantity
	case events.Reserved:
		s.byOrder[e.OrderID] = len(s.Holds)
		s.Holds = append(s.Holds, Reservation{
			OrderID: e.OrderID, Quantity: e.Quantity + e.Beyond, ExpiresAt: e.ExpiresMs, Backordered: e.Beyond,
		})
		if s.next == 0 || e.ExpiresMs < s.next {
			s.next = e.ExpiresMs
		}
	case events.Released, events.Expired:
		s.drop(e.OrderID)
		s.forget(e.AtMs)
		g := Gone{OrderID: e.OrderID, Until: e.AtMs + rememberReleased.Milliseconds()}
		if e.Kind == events.Expired {
			g.Expired, g.Until = true, e.AtMs+rememberExpired.Milliseconds()
		}
		s.Gone = append(s.Gone, g)
	case events.Covered:
		if i, held := s.byOrder[e.OrderID]; held {
			s.Holds[i].Backordered -= e.Quantity
		}
	case events.Filled:
		s.Sold += e.Quantity
		s.pay(e.OrderID, e.Quantity)
	case events.Forgone:
		s.pay(e.OrderID, e.Quantity)
		s.tookBack(e)
	case events.Sold:
		s.Sold += e.Quantity
		if e.Beyond > 0 {
			s.Owed = append(s.Owed, Owed{OrderID: e.OrderID, Quantity: e.Beyond})
		}
		if e.Direct {
			s.Gone = slices.DeleteFunc(s.Gone, func(g Gone) bool { return g.OrderID == e.OrderID })
		} else {
			s.drop(e.OrderID)
		}
	case events.Restocked:
		s.Restocked += e.Quantity
		s.tookBack(e)
	case events.Adjusted:
		s.Adjusted += e.Delta
	case events.Counted:
		s.Counted += e.Delta
	case events.TransferredOut:
		s.TransferredOut += e.Quantity
	case events.TransferredIn:
		s.TransferredIn += e.Quantity
	}
}

// tookBack remembers an order whose sale was taken back.
func (s *State) tookBack(e events.InventoryUpdated) {
	s.Back = slices.DeleteFunc(s.Back, func(g Gone) bool { return g.Until <= e.AtMs || g.OrderID == e.OrderID })
	s.Back = append(s.Back, Gone{OrderID: e.OrderID, Until: e.AtMs + 24*time.Hour.Milliseconds()})
}

// forget drops ended reservations that no late command can name any more.
func (s *State) forget(now int64) {
	s.Gone = slices.DeleteFunc(s.Gone, func(g Gone) bool { return g.Until <= now })
}

// drop removes a reservation; the last one moves to its place.
func (s *State) drop(order entrepot.ID) {
	i, ok := s.byOrder[order]
	if !ok {
		return
	}
	gone, last := s.Holds[i], len(s.Holds)-1
	s.Holds[i] = s.Holds[last]
	s.byOrder[s.Holds[i].OrderID] = i
	s.Holds = s.Holds[:last]
	delete(s.byOrder, order)
	if gone.ExpiresAt == s.next {
		s.next = 0
		for _, r := range s.Holds {
			if s.next == 0 || r.ExpiresAt < s.next {
				s.next = r.ExpiresAt
			}
		}
	}
}

// index makes what is not stored: the positions of the reservations by order, and
// the earliest expiry.
func (s *State) index() {
	if s.byOrder != nil {
		return
	}
	s.byOrder = make(map[entrepot.ID]int, len(s.Holds))
	for i, r := range s.Holds {
		s.byOrder[r.OrderID] = i
		if s.next == 0 || r.ExpiresAt < s.next {
			s.next = r.ExpiresAt
		}
	}
}

func (s *State) hold(order entrepot.ID) (Reservation, bool) {
	s.index()
	i, ok := s.byOrder[order]
	if !ok {
		return Reservation{}, false
	}
	return s.Holds[i], true
}

func (s *State) gone(order entrepot.ID) *Gone {
	for i := range s.Gone {
		if s.Gone[i].OrderID == order {
			return &s.Gone[i]
		}
	}
	return nil
}
