// Package stock keeps stock items: one variant of a product at one location. The
// state is the pieces on hand, the reservations, and the sums of the ledger. Every
// movement is an inventory.updated event; the events are the ledger. Commands carry
// natural ids (the order, the transfer, the delivery), so a repeated command has no
// effect and the same reply.
//
// Commands of orders (stock.go): Reserve, Release, Commit, Restock. Commands of
// people and other locations (goods.go, travel.go, settings.go): Receive, Adjust,
// Count, Ship, Arrive, Configure. Queries: Get. Persisted: the whole [State].
package stock

import (
	"time"

	"entrepot"
	"entrepot/events"
)

// MaxQuantity bounds one movement and the pieces on hand.
const MaxQuantity = 1_000_000_000

// State is a stock item. The zero State does not exist yet.
type State struct {
	Record

	Holds Reservations `json:"holds,omitempty"`
	Owed  []Owed       `json:"owed,omitempty"` // in the order of the payments
	Gone  []Gone       `json:"gone,omitempty"` // ended reservations, remembered for late commands
	Back  []Gone       `json:"back,omitempty"` // restocked orders, remembered for late commands
	Refs  []Reference  `json:"refs,omitempty"` // movements by their natural ids, oldest first

	byOrder map[entrepot.ID]int // index into Holds, made when needed
	next    int64               // earliest expiry of Holds, 0 for none; made with byOrder
}

// Record is the part of a stock item that replies and lists show as it is stored.
// OnHand = Received - Sold + Restocked + Adjusted + Counted - TransferredOut +
// TransferredIn, and 0 <= Reserved <= OnHand, always. Pieces promised beyond OnHand
// count apart: Backordered in reservations, Owing in sales.
type Record struct {
	ID          entrepot.ID `json:"id"`
	ProductID   entrepot.ID `json:"productId"`
	VariantID   entrepot.ID `json:"variantId"` // the product's id for a product without variants
	CompanyID   entrepot.ID `json:"companyId"`
	LocationID  entrepot.ID `json:"locationId"`
	OnHand      int64       `json:"onHand"`
	Reserved    int64       `json:"reserved"`              // of OnHand, for orders and transfers
	Backordered int64       `json:"backordered,omitempty"` // reserved beyond OnHand
	Owing       int64       `json:"owing,omitempty"`       // sold beyond OnHand, delivered as goods come in

	// The ledger, summed by kind of movement.
	Received       int64 `json:"received"`
	Sold           int64 `json:"sold"`
	Restocked      int64 `json:"restocked"`
	Adjusted       int64 `json:"adjusted,omitempty"` // may be negative
	Counted        int64 `json:"counted,omitempty"`  // may be negative
	TransferredOut int64 `json:"out,omitempty"`
	TransferredIn  int64 `json:"in,omitempty"`
	Movements      int64 `json:"movements"` // entries of the ledger

	Settings `json:"settings,omitzero"`
	Revision int64  `json:"revision,omitempty"` // of the settings
	Alert    string `json:"alert,omitempty"`    // "", Low, Out: as published last

	Batches  []Batch `json:"batches,omitempty"`  // first expired first
	Layers   []Layer `json:"layers,omitempty"`   // the pieces that have a cost, first in first
	Average  int64   `json:"average,omitempty"`  // value of those pieces at the moving average, minor units
	Currency string  `json:"currency,omitempty"` // of all costs
	LastCost int64   `json:"lastCost,omitempty"` // of one piece at the average, when the last that had a cost left

	CreatedAt int64 `json:"createdMs"` // Unix ms
	UpdatedAt int64 `json:"updatedMs"` // Unix ms
}

// Reservation keeps pieces for an order until it expires.
type Reservation struct {
	OrderID     entrepot.ID `json:"o"`
	Quantity    int64       `json:"q"`
	ExpiresAt   int64       `json:"x"`           // Unix ms
	Backordered int64       `json:"b,omitempty"` // of Quantity, pieces that are not on hand
}

// Gone remembers an order whose reservation has ended, as long as late commands of it may come.
type Gone struct {
	OrderID entrepot.ID `json:"o"`
	Until   int64       `json:"u"`           // Unix ms
	Expired bool        `json:"e,omitempty"` // a late Commit may take available pieces instead
}

// How long ended reservations are remembered: longer than any retry of a step, and
// expired ones longer than a payment may take.
const (
	rememberReleased = 10 * time.Minute
	rememberExpired  = time.Hour
)

// barred is the fact that an order was released before it had a reservation.
type barred struct {
	events.Private
	orderID entrepot.ID
	atMs    int64
}

// Reserve reserves pieces for an order. It fails with CodeOutOfStock when fewer are
// available and promisable.
func (s *State) Reserve(t entrepot.Turn, c Reserve) ([]events.Event, error) {
	if err := s.mayOrder(t); err != nil {
		return nil, err
	}
	if c.Quantity < 1 || c.Quantity > MaxQuantity {
		return nil, entrepot.Invalid("quantity", "range", "must be 1 to %d", MaxQuantity)
	}
	if _, held := s.hold(c.OrderID); held {
		return nil, nil
	}
	if s.gone(c.OrderID) != nil {
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the order's reservation has ended")
	}
	happened, after := s.expire(t)
	good := after // lots that expire before the reservation are not promised to customers
	if !c.Moves {
		good.expired = max(good.expired, s.expiredBy(c.ExpiresAt))
	}
	here := min(good.available(), c.Quantity)
	beyond := c.Quantity - here
	if room := s.beyond(t.Now, after); beyond > room {
		return nil, lacking(good.available() + room)
	}
	e := after.movement(t, events.Reserved, here, c.OrderID)
	e.ExpiresMs, e.Beyond = c.ExpiresAt, beyond
	e.Reserved += here
	e.Backordered += beyond
	return append(happened, after.finish(e)), nil
}

// Release ends a reservation, and bars the order from reserving later.
func (s *State) Release(t entrepot.Turn, c Release) ([]events.Event, error) {
	if err := t.RequireSystem(); err != nil {
		return nil, err
	}
	if s.ID == "" || s.gone(c.OrderID) != nil {
		return nil, nil
	}
	r, held := s.hold(c.OrderID)
	if !held {
		return []events.Event{barred{orderID: c.OrderID, atMs: t.Now.UnixMilli()}}, nil
	}
	e := s.levels().ending(t, events.Released, r)
	return s.levels().list(e), nil
}

// Commit turns a reservation into a sale. For an expired reservation it takes
// available pieces. Without any trace of a reservation the sale was made before.
func (s *State) Commit(t entrepot.Turn, c Commit) ([]events.Event, error) {
	if err := s.mayOrder(t); err != nil {
		return nil, err
	}
	if r, held := s.hold(c.OrderID); held {
		e := s.levels().ending(t, events.Sold, r)
		change(&e, -e.Quantity)
		e.Owed += e.Beyond
		return s.levels().list(e), nil
	}
	g := s.gone(c.OrderID)
	switch {
	case g == nil:
		return nil, nil
	case !g.Expired:
		return nil, entrepot.Errorf(entrepot.CodeOutOfStock, "the reservation is released")
	}
	happened, after := s.expire(t)
	if after.available() < c.Quantity {
		return nil, lacking(after.available())
	}
	e := after.movement(t, events.Sold, c.Quantity, c.OrderID)
	e.Direct = true
	change(&e, -c.Quantity)
	return append(happened, after.finish(e)), nil
}

// Restock takes back the sale of an order.
func (s *State) Restock(t entrepot.Turn, c Restock) ([]events.Event, error) {
	if err := s.mayOrder(t); err != nil {
		return nil, err
	}
	for _, b := range s.Back {
		if b.OrderID == c.OrderID {
			return nil, nil
		}
	}
	owed := min(c.Quantity, s.owes(c.OrderID))
	here := c.Quantity - owed
	if c.Quantity < 1 || s.Sold-s.Restocked < here {
		return nil, entrepot.Invalid("quantity", "range", "must be 1 to the %d that are sold", s.Sold-s.Restocked+owed)
	}
	var happened []events.Event
	after := s.levels()
	if owed > 0 {
		e := after.movement(t, events.Forgone, owed, c.OrderID)
		e.Reason, e.Owed = c.Reason, e.Owed-owed
		happened = after.list(e)
		after.follow(e)
	}
	if here > 0 {
		e := after.movement(t, events.Restocked, here, c.OrderID)
		e.Reason = c.Reason
		change(&e, here)
		happened = append(happened, after.finish(e))
	}
	return happened, nil
}

// WakeAt returns the earliest expiry of a reservation or a lot, or a past time when
// backorders can still get goods.
func (s *State) WakeAt() time.Time {
	s.index()
	if _, more := s.delivery(entrepot.Turn{}); more {
		return time.UnixMilli(s.UpdatedAt).UTC()
	}
	at := s.next
	for _, b := range s.Batches {
		if !b.Expired && b.ExpiresOn != 0 && (at == 0 || b.ExpiresOn < at) {
			at = b.ExpiresOn
		}
	}
	if at == 0 {
		return time.Time{}
	}
	return time.UnixMilli(at).UTC()
}

// Wake expires reservations and lots, and gives goods to backorders.
func (s *State) Wake(t entrepot.Turn) []events.Event {
	aged, late := s.aged(t)
	happened, _ := aged.expire(t)
	return s.watch(t, s.deliver(t, append(late, happened...)))
}

// mayOrder admits the processes of orders and transfers to an item that exists.
func (s *State) mayOrder(t entrepot.Turn) error {
	if s.ID == "" {
		return entrepot.ErrNotFound
	}
	return t.RequireSystem()
}

// expire returns the movements that end expired reservations, and the levels after them.
func (s *State) expire(t entrepot.Turn) ([]events.Event, levels) {
	after := s.levels()
	now := t.Now.UnixMilli()
	if s.index(); s.next == 0 || s.next > now {
		return nil, after
	}
	var happened []events.Event
	for _, r := range s.Holds {
		if r.ExpiresAt <= now {
			e := after.ending(t, events.Expired, r)
			happened = append(happened, after.finish(e))
			after.follow(e)
		}
	}
	return happened, after
}
