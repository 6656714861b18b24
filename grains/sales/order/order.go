// Package order is the order of one customer with one shop, and the process of its
// checkout. The first order of a checkout carries the groups of the further shops
// until they are orders of their own.
//
// Commands: Place, Adopt; PaymentReceived, PaymentFailed; Cancel. Queries: Get. By
// time: a pending order expires. Persisted: the whole [State], which is what was
// bought at which price (group.go), the order's status, and the tasks
// that the process (process.go) has begun and not finished.
package order

import (
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
)

// Statuses of an order. Placing and Rejected come before the order exists for its
// readers.
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

// State is an order, and where its process stands.
type State struct {
	Order
	Todo      Todo      `json:"todo,omitempty"`
	HoldID    string    `json:"holdId"`            // reservation id at the stock items
	Attempt   int64     `json:"attempt,omitempty"` // plans made so far; 0: everything comes from the shop
	FromCart  bool      `json:"fromCart,omitempty"`
	Siblings  []Sibling `json:"siblings,omitempty"`
	Missing   []Missing `json:"missing,omitempty"` // the reason of a rejection,
	Refused   *Refused  `json:"refused,omitempty"` // or this
	Expired   bool      `json:"expired,omitempty"`
	Committed bool      `json:"committed,omitempty"` // the sale is in the stock items
}

// Sibling is an order of another shop in the same checkout.
type Sibling struct {
	Group  `json:"group"`
	Number string `json:"orderNumber,omitempty"`
}

// Facts that only the order itself needs, and public events with more beside them.
type (
	placing struct {
		events.Private
		id  entrepot.ID
		cmd Place
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
		numbers map[entrepot.ID]string
		beyond  []Backordered
	}
	adopted struct {
		events.OrderCreated
		cmd Adopt
	}
	begun struct {
		events.Private
		task Task
	}
	finished struct {
		events.Private
		task Task
	}
	sold          struct{ events.Private }
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

// DefaultHold is the time for which stock is reserved for an unpaid order.
const DefaultHold = 20 * time.Minute

// Guard is the time by which a reservation outlives the order's wait, so that a
// payment of the last second still finds it.
const Guard = 10 * time.Second

// Place starts the checkout. Repeated for the same customer it changes nothing, and
// the reply is read from where the order stands.
func (s *State) Place(t entrepot.Turn, c Place) ([]events.Event, error) {
	if err := t.RequireSystem(); err != nil {
		return nil, err
	}
	if s.ID != "" && s.CustomerID == c.CustomerID {
		return nil, nil
	}
	if s.ID != "" || c.CustomerID == "" || len(c.Groups) == 0 || c.Groups[0].OrderID != t.ID {
		return nil, entrepot.ErrNotFound
	}
	for i := range c.Groups {
		if _, err := Price(&c.Groups[i]); err != nil {
			return nil, err
		}
	}
	return []events.Event{placing{id: t.ID, cmd: c, now: t.Now.UnixMilli()}}, nil
}

// Adopt creates the order of a further shop of a checkout. Repeated, it changes
// nothing.
func (s *State) Adopt(t entrepot.Turn, c Adopt) ([]events.Event, error) {
	switch {
	case t.RequireSystem() != nil || c.Order.ID != t.ID:
		return nil, entrepot.ErrNotFound
	case s.ID != "":
		return nil, nil
	}
	return []events.Event{adopted{OrderCreated: c.Order.created(t.Now), cmd: c}}, nil
}

// PaymentReceived confirms the order. Money for an order that expired reserves the
// stock anew; money for one that was cancelled, or of another amount, is refunded.
func (s *State) PaymentReceived(t entrepot.Turn, c PaymentReceived) ([]events.Event, error) {
	if t.RequireSystem() != nil || s.ID == "" {
		return nil, entrepot.ErrNotFound
	}
	fits := c.Amount == s.Total && c.Currency == s.Currency
	switch {
	case s.PaymentStatus == Paid || s.PaymentStatus == Refunded || s.Todo[reviving]:
		return nil, nil // received before
	case s.Status == Pending && fits:
		return []events.Event{s.confirmed(t, c.PaymentID)}, nil
	case s.Status == Pending:
		return []events.Event{
			s.cancelled(t, "the payment differs from the order's total"),
			paidLate{paymentID: c.PaymentID},
		}, nil
	case s.Status == Cancelled:
		return []events.Event{paidLate{paymentID: c.PaymentID, revive: s.Expired && fits}}, nil
	default:
		return nil, nil
	}
}

// PaymentFailed records the failure. The order stays pending: the customer may try
// again until it expires.
func (s *State) PaymentFailed(t entrepot.Turn, c PaymentFailed) ([]events.Event, error) {
	if t.RequireSystem() != nil || s.ID == "" {
		return nil, entrepot.ErrNotFound
	}
	if s.Status != Pending || s.PaymentStatus != Unpaid {
		return nil, nil
	}
	return []events.Event{paymentFailed{reason: c.Reason, now: t.Now.UnixMilli()}}, nil
}

// Cancel cancels an order that is not sent yet. The process gives stock and money
// back.
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

// WakeAt returns the time at which a pending order expires.
func (s *State) WakeAt() time.Time {
	if s.Status != Pending || s.ExpiresAt == 0 {
		return time.Time{}
	}
	return time.UnixMilli(s.ExpiresAt).UTC()
}

// Wake cancels an order that was not paid in time.
func (s *State) Wake(t entrepot.Turn) []events.Event {
	if s.Status != Pending || t.Now.UnixMilli() < s.ExpiresAt {
		return nil
	}
	return []events.Event{s.cancelled(t, expiredReason)}
}

const expiredReason = "not paid in time"

// Get returns the order to its customer and to staff of its shop.
func (s *State) Get(t entrepot.Turn, _ Get) (*Order, error) {
	if err := s.reachable(t.Caller); err != nil {
		return nil, err
	}
	return s.reply(), nil
}

// reachable returns ErrNotFound to strangers, and for an order that is not created yet.
func (s *State) reachable(c entrepot.Caller) error {
	if s.ID == "" || s.Status == Placing || s.Status == Rejected {
		return entrepot.ErrNotFound
	}
	if !c.Is(s.CustomerID) && !c.MayReachShop(s.CompanyID, s.ShopID) {
		return entrepot.ErrNotFound
	}
	return nil
}

// placed returns the reply to Place once every order of the checkout stands, or the
// refusal, with the lines that lack as variant@shop.
func (s *State) placed(_ Place) (*Placed, bool, error) {
	switch {
	case s.Status == Placing || s.Todo[adopting]:
		return nil, false, nil
	case s.Status == Rejected && s.Refused != nil:
		r := s.Refused
		refusal := entrepot.Errorf(entrepot.CodeConflict, "the promo code %s cannot be used: %s", r.Code, r.Message)
		refusal.Fields = []entrepot.FieldError{{Field: "promoCodes." + r.Code, Rule: r.Rule, Message: r.Message}}
		return nil, true, refusal
	case s.Status == Rejected:
		refusal := entrepot.Errorf(entrepot.CodeOutOfStock, "not every line is in stock")
		for _, m := range s.Missing {
			refusal.Fields = append(refusal.Fields, entrepot.FieldError{
				Field: m.VariantID + "@" + m.ShopID, Rule: "stock", Message: "not enough in stock",
			})
		}
		return nil, true, refusal
	}
	out := &Placed{Orders: []*Order{s.reply()}}
	for _, sib := range s.Siblings {
		o := s.sibling(sib)
		o = o.clone()
		out.Orders = append(out.Orders, &o)
	}
	return out, true, nil
}

// sibling returns the order of a sibling as it is created.
func (s *State) sibling(sib Sibling) Order {
	totals, _ := Price(&sib.Group) // Place has refused what has no price
	return Order{
		ID: sib.OrderID, Number: sib.Number, CheckoutID: s.CheckoutID, CustomerID: s.CustomerID,
		Group: sib.Group, Totals: totals, ShippingAddress: s.ShippingAddress, BillingAddress: s.BillingAddress,
		Notes: s.Notes, Status: Pending, PaymentStatus: Unpaid, Version: 1,
		CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt, ExpiresAt: s.ExpiresAt,
		History: []Change{{Status: Pending, At: s.UpdatedAt, By: string(entrepot.Customer)}},
	}
}

func (s *State) reply() *Order {
	o := s.Order.clone()
	return &o
}

// clone returns a copy that shares no memory.
func (o *Order) clone() Order {
	c := *o
	c.Group, c.History = o.Group.clone(), slices.Clone(o.History)
	return c
}
