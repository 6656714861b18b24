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
package order

import (
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains/order/orderpb"
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
	CreatedMs  int64       `json:"createdMs"`
	UpdatedMs  int64       `json:"updatedMs"`
	Version    int64       `json:"version,omitempty"`   // counts the changes that its readers see, for If-Match
	ExpiresMs  int64       `json:"expiresMs,omitempty"` // unpaid then: cancelled

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

// Group is what one shop sells in the checkout.
type Group struct {
	OrderID        entrepot.ID `json:"orderId"`
	CompanyID      entrepot.ID `json:"companyId"`
	ShopID         entrepot.ID `json:"shopId"`
	Currency       string      `json:"currency"`
	TaxBasisPoints int64       `json:"taxBasisPoints"`
	Shipping       int64       `json:"shipping"`
	Method         Method      `json:"shippingMethod,omitzero"`
	ShippingTaxed  bool        `json:"shippingTaxed,omitempty"`
	Lines          []Line      `json:"items"`
	Promotions     []Promotion `json:"promotions,omitempty"`
	// Where the goods may come from, the preferred first; none: the shop itself.
	Sources  []entrepot.ID `json:"sources,omitempty"`
	Strategy string        `json:"strategy,omitempty"`
}

// Method is how the goods are sent, by the shop's rules of when it was ordered.
type Method struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Promotion is a promo code that takes something off the group.
type Promotion struct {
	ID           entrepot.ID `json:"id"`
	Code         string      `json:"code"`
	Discount     int64       `json:"discount,omitempty"`
	FreeShipping bool        `json:"freeShipping,omitempty"`
	Shipping     int64       `json:"shipping,omitempty"` // off the shipping
	FirstOrder   bool        `json:"firstOrder,omitempty"`
	Version      int64       `json:"version"`
	PerCustomer  int64       `json:"perCustomer,omitempty"`
	Alone        bool        `json:"alone,omitempty"` // no other order of the checkout gets something of the code
}

// Refused is a promo code that could not be used.
type Refused struct {
	Code    string `json:"code"`
	Rule    string `json:"rule"`
	Message string `json:"message"`
}

// Line is some pieces of a variant at the price of the moment of ordering.
type Line struct {
	ProductID   entrepot.ID  `json:"productId"`
	Name        string       `json:"name"`
	SKU         string       `json:"sku"`
	Quantity    int64        `json:"quantity"`
	Price       int64        `json:"price"`
	VariantID   entrepot.ID  `json:"variantId,omitempty"`   // in orders of before there were variants: none
	Discount    int64        `json:"discount,omitempty"`    // of the whole line
	Allocations []Allocation `json:"allocations,omitempty"` // none: all from the shop
	Backordered int64        `json:"backordered,omitempty"` // of Quantity, what was not on hand when it was reserved
}

// Variant is what was sold: of a product without variants itself.
func (l Line) Variant() entrepot.ID {
	if l.VariantID == "" {
		return l.ProductID
	}
	return l.VariantID
}

// Sibling is an order of another shop in the same checkout.
type Sibling struct {
	Group  Group  `json:"group"`
	Number string `json:"orderNumber,omitempty"`
}

// Totals of one group.
type Totals struct {
	Subtotal int64 `json:"subtotal"`
	Tax      int64 `json:"tax"`
	Shipping int64 `json:"shipping"`
	Discount int64 `json:"discount"`
	Total    int64 `json:"total"`
}

// Missing is a line that could not be reserved.
type Missing struct {
	ProductID entrepot.ID `json:"productId"`
	VariantID entrepot.ID `json:"variantId,omitempty"`
	ShopID    entrepot.ID `json:"shopId"`
	Wanted    int64       `json:"wanted"`
}

// Address of a person.
type Address struct {
	Name       string `json:"name,omitempty"`
	Line1      string `json:"line1,omitempty"`
	Line2      string `json:"line2,omitempty"`
	City       string `json:"city,omitempty"`
	State      string `json:"state,omitempty"`
	PostalCode string `json:"postalCode,omitempty"`
	Country    string `json:"country,omitempty"`
	Phone      string `json:"phone,omitempty"`
}

// Change is one entry of the status history.
type Change struct {
	Status string `json:"status"`
	AtMs   int64  `json:"atMs"`
	By     string `json:"by"`
	Note   string `json:"note,omitempty"`
}

// Facts that only the order itself needs.
type (
	placing struct {
		events.Private
		id  entrepot.ID
		c   *orderpb.Place
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
		beyond   []*orderpb.Backordered
		adoption *orderpb.Adopt
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
func (s *State) Place(t entrepot.Turn, c *orderpb.Place) ([]events.Event, error) {
	if s.ID != "" {
		if !t.Caller.Is(s.CustomerID) {
			return nil, entrepot.ErrNotFound
		}
		return nil, nil // placed before: answered from where it stands
	}
	if !t.Caller.Is(c.GetCustomerId()) || len(c.GetGroups()) == 0 || c.GetGroups()[0].GetOrderId() != t.ID {
		return nil, entrepot.ErrNotFound
	}
	for _, g := range c.GetGroups() {
		if _, err := price(groupOf(g)); err != nil {
			return nil, err
		}
	}
	return []events.Event{placing{id: t.ID, c: c, now: t.Now.UnixMilli()}}, nil
}

// Price is what an order of the group will cost.
func Price(g *orderpb.Group) (Totals, error) { return price(groupOf(g)) }

// price is what a group costs: the goods less their discounts, shipping, and tax
// on the goods, and on shipping where that is taxed, rounded half up.
func price(g Group) (Totals, error) {
	if len(g.Lines) == 0 || len(g.Lines) > 200 {
		return Totals{}, entrepot.Invalid("items", "length", "an order has 1 to 200 lines")
	}
	var p Totals
	for _, l := range g.Lines {
		if l.Quantity < 1 || l.Quantity > 10_000 {
			return Totals{}, entrepot.Invalid("items.quantity", "range", "must be 1 to 10000")
		}
		sub, ok := entrepot.Money{Minor: l.Price, Currency: g.Currency}.Times(l.Quantity)
		if !ok {
			return Totals{}, entrepot.Invalid("items.quantity", "maximum", "price times quantity is too large")
		}
		if l.Discount < 0 || l.Discount > sub.Minor {
			return Totals{}, entrepot.Invalid("items", "discount", "a discount is more than its line costs")
		}
		p.Subtotal += sub.Minor
		p.Discount += l.Discount
	}
	if g.Shipping < 0 || p.Subtotal > entrepot.MaxMinor/10 || g.Shipping > entrepot.MaxMinor/10 {
		return Totals{}, entrepot.Invalid("items", "maximum", "the order's total is too large")
	}
	taxed := p.Subtotal - p.Discount
	if g.ShippingTaxed {
		taxed += g.Shipping
	}
	p.Tax = (taxed*g.TaxBasisPoints + 5_000) / 10_000
	p.Shipping = g.Shipping
	p.Total = p.Subtotal - p.Discount + p.Tax + p.Shipping
	return p, nil
}

// Reserved takes the answer of the reserve step.
func (s *State) Reserved(t entrepot.Turn, c *orderpb.Reserved) ([]events.Event, error) {
	if t.Caller.Role != entrepot.System {
		return nil, entrepot.ErrNotFound
	}
	if s.Status != Placing {
		return nil, nil // cancelled meanwhile: the release step gives back what was reserved
	}
	if c.GetAttempt() != s.Attempt {
		return nil, nil // of a plan that was given up
	}
	if c.GetRefused() != nil {
		return []events.Event{rejected{now: t.Now.UnixMilli(), missing: lacking(c.GetMissing()), refused: refusedOf(c.GetRefused())}}, nil
	}
	if len(c.GetMissing()) > 0 {
		if s.sourced() && s.Attempt < maxAttempts { // sold since it was planned
			return []events.Event{unallocated{}}, nil
		}
		return []events.Event{rejected{now: t.Now.UnixMilli(), missing: lacking(c.GetMissing())}}, nil
	}
	numbers := map[entrepot.ID]string{}
	for _, n := range c.GetOrders() {
		numbers[n.GetOrderId()] = number(s.CreatedMs, n.GetNumber())
	}
	e := created{numbers: numbers, beyond: c.GetBackordered(), OrderCreated: s.orderCreated(t.Now, s.ID, numbers[s.ID], s.Group, s.Totals)}
	return []events.Event{e}, nil
}

// Adopt makes this the order of a further shop in a checkout that is reserved already.
func (s *State) Adopt(t entrepot.Turn, c *orderpb.Adopt) ([]events.Event, error) {
	if t.Caller.Role != entrepot.System {
		return nil, entrepot.ErrNotFound
	}
	if s.ID != "" {
		return nil, nil
	}
	g := groupOf(c.GetGroup())
	totals, err := price(g)
	if err != nil {
		return nil, err
	}
	next := State{
		CheckoutID: c.GetCheckoutId(), CustomerID: c.GetCustomerId(), ExpiresMs: c.GetExpiresMs(),
	}
	e := created{adoption: c, OrderCreated: next.orderCreated(t.Now, t.ID, number(c.GetCreatedMs(), c.GetNumber()), g, totals)}
	return []events.Event{e}, nil
}

// Adopted notes that every sibling stands on its own.
func (s *State) Adopted(t entrepot.Turn, _ *orderpb.Adopted) ([]events.Event, error) {
	return s.finish(t, s.Todo.Adopt, func(todo *Todo) { todo.Adopt = false }, "")
}

// Paid confirms the order. Money for an order that expired reserves anew; for
// one that was cancelled it goes back.
func (s *State) Paid(t entrepot.Turn, c *orderpb.Paid) ([]events.Event, error) {
	if t.Caller.Role != entrepot.System || s.ID == "" {
		return nil, entrepot.ErrNotFound
	}
	fits := c.GetAmountMinor() == s.Totals.Total && c.GetCurrency() == s.Group.Currency
	switch {
	case s.Payment == Paid || s.Payment == Refunded || s.Todo.Revive:
		return nil, nil // told before
	case s.Status == Pending && fits:
		return []events.Event{s.confirmed(t, c.GetPaymentId())}, nil
	case s.Status == Pending:
		return []events.Event{
			s.cancelled(t, "the payment does not fit the order's total"),
			paidLate{paymentID: c.GetPaymentId()},
		}, nil
	case s.Status == Cancelled:
		return []events.Event{paidLate{paymentID: c.GetPaymentId(), revive: s.Expired && fits}}, nil
	default:
		return nil, nil
	}
}

// PaymentFailed notes the failure. The order waits on: the customer may try
// again until the reservation expires.
func (s *State) PaymentFailed(t entrepot.Turn, c *orderpb.PaymentFailed) ([]events.Event, error) {
	if t.Caller.Role != entrepot.System || s.ID == "" {
		return nil, entrepot.ErrNotFound
	}
	if s.Status != Pending || s.Payment != Unpaid {
		return nil, nil
	}
	return []events.Event{paymentFailed{reason: c.GetReason(), now: t.Now.UnixMilli()}}, nil
}

// Cancel ends an order that has not been sent. Stock and money go back by themselves.
func (s *State) Cancel(t entrepot.Turn, c *orderpb.Cancel) ([]events.Event, error) {
	if err := s.reachable(t.Caller); err != nil {
		return nil, err
	}
	if err := entrepot.CheckVersion(c.GetExpectedVersion(), s.Version); err != nil {
		return nil, err
	}
	switch s.Status {
	case Cancelled:
		return nil, nil
	case Pending, Confirmed, Processing:
		return []events.Event{s.cancelled(t, c.GetReason())}, nil
	default:
		return nil, entrepot.Errorf(entrepot.CodeConflict, "an order that is %s cannot be cancelled", s.Status)
	}
}

// AfterCommit takes the answer of the commit step. Lines sold to others after the
// reservation expired cancel the order; the step has restocked the rest.
func (s *State) AfterCommit(t entrepot.Turn, c *orderpb.Committed) ([]events.Event, error) {
	if t.Caller.Role != entrepot.System || !s.Todo.Commit {
		return nil, nil
	}
	if len(c.GetMissing()) == 0 {
		return []events.Event{committed{}}, nil
	}
	happened := []events.Event{done{what: func(todo *Todo) { todo.Commit = false }}}
	if s.Status != Cancelled {
		happened = append(happened, s.cancelled(t, "sold out before the payment arrived"))
	}
	return append(happened, done{what: func(todo *Todo) { todo.Release = false }}), nil
}

// AfterRevive takes the answer of the revive step.
func (s *State) AfterRevive(t entrepot.Turn, c *orderpb.Revived) ([]events.Event, error) {
	if t.Caller.Role != entrepot.System || !s.Todo.Revive {
		return nil, nil
	}
	if len(c.GetMissing()) > 0 || c.GetRefused() != nil {
		return []events.Event{done{what: func(todo *Todo) { todo.Revive, todo.Refund = false, true }}}, nil
	}
	return []events.Event{s.confirmed(t, s.PaymentID)}, nil
}

// Released notes that the reservations are given back.
func (s *State) Released(t entrepot.Turn, _ *orderpb.Released) ([]events.Event, error) {
	return s.finish(t, s.Todo.Release, func(todo *Todo) { todo.Release = false }, "")
}

// Restocked notes that the sale is taken back.
func (s *State) Restocked(t entrepot.Turn, _ *orderpb.Restocked) ([]events.Event, error) {
	return s.finish(t, s.Todo.Restock, func(todo *Todo) { todo.Restock = false }, "")
}

// Refunded notes that the payment is void or refunded.
func (s *State) Refunded(t entrepot.Turn, _ *orderpb.Refunded) ([]events.Event, error) {
	after := ""
	if s.Payment == Paid {
		after = Refunded
	}
	return s.finish(t, s.Todo.Refund, func(todo *Todo) { todo.Refund = false }, after)
}

// Settled notes that the promo codes are used for good.
func (s *State) Settled(t entrepot.Turn, _ *orderpb.Settled) ([]events.Event, error) {
	return s.finish(t, s.Todo.Settle, func(todo *Todo) { todo.Settle = false }, "")
}

// Unclaimed notes that the promo codes are given back.
func (s *State) Unclaimed(t entrepot.Turn, _ *orderpb.Unclaimed) ([]events.Event, error) {
	return s.finish(t, s.Todo.Unclaim, func(todo *Todo) { todo.Unclaim = false }, "")
}

// Unused notes that the uses of the promo codes are given back.
func (s *State) Unused(t entrepot.Turn, _ *orderpb.Unused) ([]events.Event, error) {
	return s.finish(t, s.Todo.Unuse, func(todo *Todo) { todo.Unuse = false }, "")
}

func (s *State) finish(t entrepot.Turn, begun bool, what func(*Todo), paid string) ([]events.Event, error) {
	if t.Caller.Role != entrepot.System || !begun {
		return nil, nil
	}
	return []events.Event{done{what: what, paid: paid}}, nil
}

// WakeAt is when an unpaid order expires.
func (s *State) WakeAt() time.Time {
	if s.Status != Pending || s.ExpiresMs == 0 {
		return time.Time{}
	}
	return time.UnixMilli(s.ExpiresMs).UTC()
}

// Wake cancels an order that nobody paid for in time.
func (s *State) Wake(t entrepot.Turn) []events.Event {
	if s.Status != Pending || t.Now.UnixMilli() < s.ExpiresMs {
		return nil
	}
	return []events.Event{s.cancelled(t, expiredReason)}
}

const expiredReason = "not paid in time"
