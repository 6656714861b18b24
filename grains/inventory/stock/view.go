package stock

import (
	"slices"

	"entrepot"
)

// Get returns the item to staff of its location. Expired reservations and lots no
// longer count.
func (s *State) Get(t entrepot.Turn, _ Get) (*Item, error) {
	if s.ID == "" || !t.Caller.MayReachShop(s.CompanyID, s.LocationID) {
		return nil, entrepot.ErrNotFound
	}
	s, _ = s.aged(t)
	v, now := s.brief(), t.Now.UnixMilli()
	v.Reserved, v.Backordered = 0, 0
	for _, r := range s.Holds {
		if r.ExpiresAt > now {
			v.Reserved += r.Quantity - r.Backordered
			v.Backordered += r.Backordered
			v.Reservations = append(v.Reservations, r)
		}
	}
	after := v.levels()
	v.Available = after.available()
	v.Promisable = v.Available + v.beyond(t.Now, after)
	return v, nil
}

// Item returns the stock item without its reservations.
func (s *Record) Item() *Item {
	v := &Item{Record: *s, Available: s.levels().available()}
	v.Revision = s.revision()
	v.Batches, v.Layers = slices.Clone(s.Batches), slices.Clone(s.Layers)
	return v
}

// brief replies without reservations, of which a hot item has thousands.
func (s *State) brief() *Item { return s.Item() }

// view replies with all reservations.
func (s *State) view() *Item {
	v := s.Item()
	v.Reservations = slices.Clone(s.Holds)
	return v
}

// reserved replies to Reserve. It adds the order's reservation when some of its
// pieces are not on hand.
func (s *State) reserved(c Reserve) (*Item, bool, error) {
	v := s.Item()
	if s.Backordered > 0 {
		if r, held := s.hold(c.OrderID); held && r.Backordered > 0 {
			v.Reservations = []Reservation{r}
		}
	}
	return v, true, nil
}
