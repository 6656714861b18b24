// Package order is the order of one customer with one shop, and the process
// manager of its checkout. Its state is what was bought at which price, where
// the order stands, and what the process still has to do; a further shop's lines
// of the same checkout ride along until they are adopted by orders of their own.
//
// The process, as a table (the calls are in steps.go):
//
//	in this state         do that                        and on the answer
//	placing, with sources plan where the lines come from Allocated, or rejected
//	placing               claim the promo codes,         Reserved: pending, or rejected
//	                      reserve all lines, draw
//	                      numbers, empty the cart
//	pending, siblings     adopt them                     Adopted
//	pending               wait for the payment           Paid: confirmed; Wake: cancelled
//	confirmed             commit the reservations        Committed, or cancelled when sold out
//	cancelled             release, void the payment      Released, Refunded
//	cancelled, committed  restock, void the payment      Restocked, Refunded
//	confirmed             settle the promo codes         Settled
//	cancelled, unpaid     give the promo codes back      Unclaimed
//	cancelled, settled    give their uses back           Unused
//	expired, then paid    reserve anew                   Revived: confirmed, or refunded
//
// What people and time do is here, what the answers of the steps do in process.go,
// how facts change the state in apply.go; what is bought is in group.go, and what it
// costs in pricing.go.
package order

import (
	"time"

	"entrepot"
	"entrepot/events"
)

// Statuses of an order. Placing and Rejected are before the order exists for anybody but its caller.
const (
	Placing    = "placing"
	Rejected   = "rejected"
	Pending    = "pending"
	Confirmed  = "confirmed"
	Processing = "processing"
	Shipped    = "shipped"
	Delivered  = "delivered"
	Completed  = "completed"
	Cancelled  = "cancelled"
	Returned   = "returned"
)

// Payment statuses of an order.
const (
	Unpaid   = "pending"
	Paid     = "paid"
	Failed   = "failed"
	Refunded = "refunded"
)

// State of an order. Amounts are minor units of Currency.
type State struct {
	ID         entrepot.ID `json:"id"`
	Number     string      `json:"orderNumber,omitempty"`
	CheckoutID entrepot.ID `json:"checkoutId"`
	CustomerID entrepot.ID `json:"customerId"`
	Group      Group       `json:"group"`
	Totals     Totals      `json:"totals"`
	Shipping   *Address    `json:"shippingAddress,omitempty"`
	Billing    *Address    `json:"billingAddress,omitempty"`
	Notes      string      `json:"notes,omitempty"`
	Status     string      `json:"status"`
	Payment    string      `json:"paymentStatus"`
	PaymentID  entrepot.ID `json:"paymentId,omitempty"`
	Tracking   string      `json:"trackingNumber,omitempty"`
	History    []Change    `json:"statusHistory"`
	CreatedAt  int64       `json:"createdMs"`
	UpdatedAt  int64       `json:"updatedMs"`
	Version    int64       `json:"version,omitempty"`   // counts the changes that its readers see, for If-Match
	ExpiresAt  int64       `json:"expiresMs,omitempty"` // unpaid then: cancelled

	// The process.
	Todo      Todo      `json:"todo"`
	HoldID    string    `json:"holdId"`            // reservation id at the stock items
	Attempt   int64     `json:"attempt,omitempty"` // plans made so far; 0: everything comes from the shop
	FromCart  bool      `json:"fromCart,omitempty"`
	Siblings  []Sibling `json:"siblings,omitempty"`
	Missing   []Missing `json:"missing,omitempty"` // why it was rejected
	Refused   *Refused  `json:"refused,omitempty"` // or why
	Expired   bool      `json:"expired,omitempty"`
	Committed bool      `json:"committed,omitempty"` // the sale is in the stock items
}

// Todo is what the process has begun and not finished; a table of steps reads it.
type Todo struct {
	Adopt   bool `json:"adopt,omitempty"`
	Commit  bool `json:"commit,omitempty"`
	Release bool `json:"release,omitempty"`
	Restock bool `json:"restock,omitempty"`
	Refund  bool `json:"refund,omitempty"`
	Revive  bool `json:"revive,omitempty"`
	Settle  bool `json:"settle,omitempty"`  // the promo codes are used for good
	Unclaim bool `json:"unclaim,omitempty"` // they go back
	Unuse   bool `json:"unuse,omitempty"`   // they go back although they were used for good; after Settle
}

// Sibling is an order of another shop in the same checkout.
type Sibling struct {
	Group  Group  `json:"group"`
	Number string `json:"orderNumber,omitempty"`
}

// Change is one entry of the status history.
type Change struct {
	Status string `json:"status"`
	At     int64  `json:"atMs"`
	By     string `json:"by"`
	Note   string `json:"note,omitempty"`
}

// Facts that only the order itself needs.
type (
	placing struct {
		events.Private
		id  entrepot.ID
		c   Place
		now int64
	}
	rejected struct {
		events.Private
		missing []Missing
		refused *Refused
		now     int64
	}
	created struct {
		events.OrderCreated
		numbers  map[entrepot.ID]string
		beyond   []Backordered
		adoption *Adopt
	}
	done struct {
		events.Private
		what func(*Todo)
		paid string // payment status after it, if it changes
	}
	committed     struct{ events.Private }
	paymentFailed struct {
		events.Private
		reason string
		now    int64
	}
	paidLate struct {
		events.Private
		paymentID entrepot.ID
		revive    bool
	}
)

// DefaultHold is how long stock is reserved for an unpaid order.
const DefaultHold = 20 * time.Minute

// Guard is how much longer the stock items keep a reservation than the order
// waits, so that a payment of the last second finds it.
const Guard = 10 * time.Second

// Place starts the checkout. The edge has read prices from the product grains.
func (s *State) Place(t entrepot.Turn, c Place) ([]events.Event, error) {
	if s.ID != "" {
		if !t.Caller.Is(s.CustomerID) {
			return nil, entrepot.ErrNotFound
		}
		return nil, nil // placed before: answered from where it stands
	}
	if !t.Caller.Is(c.CustomerID) || len(c.Groups) == 0 || c.Groups[0].OrderID != t.ID {
		return nil, entrepot.ErrNotFound
	}
	for _, g := range c.Groups {
		if _, err := price(groupOf(g)); err != nil {
			return nil, err
		}
	}
	return []events.Event{placing{id: t.ID, c: c, now: t.Now.UnixMilli()}}, nil
}

// Paid confirms the order. Money for an order that expired reserves anew; for
// one that was cancelled it goes back.
func (s *State) Paid(t entrepot.Turn, c PaymentReceived) ([]events.Event, error) {
	if t.Caller.Role != entrepot.System || s.ID == "" {
		return nil, entrepot.ErrNotFound
	}
	fits := c.Amount == s.Totals.Total && c.Currency == s.Group.Currency
	switch {
	case s.Payment == Paid || s.Payment == Refunded || s.Todo.Revive:
		return nil, nil // told before
	case s.Status == Pending && fits:
		return []events.Event{s.confirmed(t, c.PaymentID)}, nil
	case s.Status == Pending:
		return []events.Event{
			s.cancelled(t, "the payment does not fit the order's total"),
			paidLate{paymentID: c.PaymentID},
		}, nil
	case s.Status == Cancelled:
		return []events.Event{paidLate{paymentID: c.PaymentID, revive: s.Expired && fits}}, nil
	default:
		return nil, nil
	}
}

// PaymentFailed notes the failure. The order waits on: the customer may try
// again until the reservation expires.
func (s *State) PaymentFailed(t entrepot.Turn, c PaymentFailed) ([]events.Event, error) {
	if t.Caller.Role != entrepot.System || s.ID == "" {
		return nil, entrepot.ErrNotFound
	}
	if s.Status != Pending || s.Payment != Unpaid {
		return nil, nil
	}
	return []events.Event{paymentFailed{reason: c.Reason, now: t.Now.UnixMilli()}}, nil
}

// Cancel ends an order that has not been sent. Stock and money go back by themselves.
func (s *State) Cancel(t entrepot.Turn, c Cancel) ([]events.Event, error) {
	if err := s.reachable(t.Caller); err != nil {
		return nil, err
	}
	if err := entrepot.CheckVersion(c.ExpectedVersion, s.Version); err != nil {
		return nil, err
	}
	switch s.Status {
	case Cancelled:
		return nil, nil
	case Pending, Confirmed, Processing:
		return []events.Event{s.cancelled(t, c.Reason)}, nil
	default:
		return nil, entrepot.Errorf(entrepot.CodeConflict, "an order that is %s cannot be cancelled", s.Status)
	}
}

// WakeAt is when an unpaid order expires.
func (s *State) WakeAt() time.Time {
	if s.Status != Pending || s.ExpiresAt == 0 {
		return time.Time{}
	}
	return time.UnixMilli(s.ExpiresAt).UTC()
}

// Wake cancels an order that nobody paid for in time.
func (s *State) Wake(t entrepot.Turn) []events.Event {
	if s.Status != Pending || t.Now.UnixMilli() < s.ExpiresAt {
		return nil
	}
	return []events.Event{s.cancelled(t, expiredReason)}
}

const expiredReason = "not paid in time"
