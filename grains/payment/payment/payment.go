// Package payment is the payment of one order: the amount due, the attempts, the
// captured amount and the refunds. An order has one payment, whose id is derived
// from the order's, so a single writer sees all of it.
//
// Commands: Open, Process, Refund, Void. Queries: Get. Persisted: the whole
// [State]. A refund has a natural id, by which the state recognizes a repeated one.
//
//	status      next
//	pending     completed, failed, void
//	failed      completed, failed again, void
//	completed   refunded, when nothing is left
//	refunded    (end)
//	void        (end)
package payment

import (
	"slices"

	"entrepot"
	"entrepot/events"
)

// Statuses of a payment. Processing is for gateways that decide later.
const (
	Pending    = "pending"
	Processing = "processing"
	Completed  = "completed"
	Failed     = "failed"
	Refunded   = "refunded"
	Voided     = "void"
)

// VoidRefundID is the id of the refund that Void makes. It is reserved for that refund.
const VoidRefundID = "void"

// MaxRefunds is the maximum number of refunds of one payment. The refund of Void is
// not counted.
const MaxRefunds = 100

// State is a payment and its refunds. The zero State is not open yet; a void one
// may have no order, when the order was cancelled before the payment was opened.
type State struct {
	Payment
	Refunds []RefundEntry `json:"refunds,omitempty"`
}

// RefundEntry is money given back.
type RefundEntry struct {
	ID     string `json:"id"`
	Amount int64  `json:"amount"` // minor units
	// Rest marks a refund of "what is left", so that the same request again is the
	// same refund.
	Rest   bool   `json:"rest,omitempty"`
	Reason string `json:"reason,omitempty"`
	At     int64  `json:"at"` // Unix ms
}

// The facts are the public events, with amounts in minor units beside them so that
// the state parses no decimals.
type (
	opened struct {
		events.PaymentInitiated
		amount, at int64
	}
	// openedVoid is a payment that was opened after its order was cancelled. It gets
	// the amount and stays void, so no payment.initiated is published.
	openedVoid struct {
		events.Private
		of opened
	}
	captured struct {
		events.PaymentSuccess
		amount int64
	}
	declined struct{ events.PaymentFailed }
	refunded struct {
		events.PaymentRefunded
		refund RefundEntry
	}
	voided struct {
		events.Private
		id entrepot.ID
		at int64
	}
)

var errCancelled = entrepot.Errorf(entrepot.CodeConflict, "the order is cancelled")

// Open opens the payment of an order. Opening it again with the same amount changes
// nothing. After a cancellation it stays void, as the order's events may come late.
func (s *State) Open(t entrepot.Turn, c Open) ([]events.Event, error) {
	if !t.Caller.Is(c.CustomerID) || (s.OrderID != "" && !t.Caller.Is(s.CustomerID)) {
		return nil, entrepot.ErrNotFound
	}
	if err := checkOpen(t, c); err != nil {
		return nil, err
	}
	if s.OrderID != "" {
		if c.Amount != s.Amount || c.Currency != s.Currency || c.CustomerID != s.CustomerID {
			return nil, entrepot.Errorf(entrepot.CodeConflict, "the payment is open with another amount")
		}
		return nil, nil
	}
	o := opened{
		PaymentInitiated: events.PaymentInitiated{
			PaymentRef: events.PaymentRef{
				PaymentID: t.ID, OrderID: c.OrderID, CustomerID: c.CustomerID,
				CompanyID: c.CompanyID, ShopID: c.ShopID, Currency: c.Currency,
			},
			Amount: entrepot.Money{Minor: c.Amount, Currency: c.Currency}.Amount(),
		},
		amount: c.Amount, at: t.Now.UnixMilli(),
	}
	if s.Status == Voided {
		return []events.Event{openedVoid{of: o}}, nil
	}
	return []events.Event{o}, nil
}

func checkOpen(t entrepot.Turn, c Open) error {
	switch {
	case !entrepot.ValidID(c.OrderID) || ID(c.OrderID) != t.ID:
		return entrepot.Invalid("orderId", "mismatch", "is not the order of this payment")
	case c.CustomerID == "":
		return entrepot.Invalid("customerId", "required", "must be given")
	case !entrepot.ValidCurrency(c.Currency):
		return entrepot.Invalid("currency", "currency", "must be an ISO 4217 code such as EUR")
	case c.Amount < 0 || c.Amount > entrepot.MaxMinor:
		return entrepot.Invalid("amount", "range", "must be 0 to %d minor units", int64(entrepot.MaxMinor))
	default:
		return nil
	}
}

// Process attempts the payment, after opening it if the command says so. A refusal
// by the gateway is a result and no error: the payment is failed and may be
// attempted again.
func (s *State) Process(t entrepot.Turn, c Process) ([]events.Event, error) {
	next, happened := *s, []events.Event(nil)
	if c.Open != nil {
		var err error
		if happened, err = s.Open(t, *c.Open); err != nil {
			return nil, err
		}
		for _, e := range happened {
			next.Apply(e)
		}
	}
	if err := next.mayProcess(t.Caller); err != nil {
		return nil, err
	}
	if err := checkMethod(c); err != nil {
		return nil, err
	}
	return append(happened, next.attempt(t, c)), nil
}

func (s *State) mayProcess(c entrepot.Caller) error {
	switch {
	case s.ID == "" || !c.Is(s.CustomerID):
		return entrepot.ErrNotFound
	case s.Status == Voided:
		return errCancelled
	case s.Status == Refunded:
		return entrepot.Errorf(entrepot.CodeConflict, "the payment is refunded")
	case s.Status == Completed:
		return entrepot.Errorf(entrepot.CodeConflict, "the order is paid already")
	default:
		return nil
	}
}

// attempt returns the outcome of one more attempt with the manual gateway.
func (s *State) attempt(t entrepot.Turn, c Process) events.Event {
	attempt := s.Attempts + 1
	ref := s.ref()
	ref.Gateway, ref.PaymentMethod, ref.GatewayTransactionID = c.Gateway, c.Method, manualTransaction(s.ID, attempt)
	money := entrepot.Money{Minor: s.Amount, Currency: s.Currency}
	if reason := manualRefusal(c.Method, c.Token, money); reason != "" {
		return declined{events.PaymentFailed{PaymentRef: ref, Amount: money.Amount(), Reason: reason, Attempt: int(attempt)}}
	}
	return captured{events.PaymentSuccess{PaymentRef: ref, Amount: money.Amount(), CompletedAt: t.Now}, s.Amount}
}

// Refund refunds part or all of the captured amount, once for each refund id.
func (s *State) Refund(t entrepot.Turn, c Refund) ([]events.Event, error) {
	if err := s.mayRefund(t.Caller); err != nil {
		return nil, err
	}
	switch {
	case c.RefundID == "" || c.RefundID == VoidRefundID:
		return nil, entrepot.Invalid("refundId", "required", "must be given and not be %q", VoidRefundID)
	case c.Amount < 0:
		return nil, entrepot.Invalid("amount", "range", "must not be negative")
	}
	if at := slices.IndexFunc(s.Refunds, func(r RefundEntry) bool { return r.ID == c.RefundID }); at >= 0 {
		return nil, s.Refunds[at].sameAs(c)
	}
	left := s.left()
	switch {
	case s.Captured == 0:
		return nil, entrepot.Errorf(entrepot.CodeConflict, "nothing has been paid")
	case left == 0:
		return nil, entrepot.Errorf(entrepot.CodeConflict, "everything is refunded already")
	case c.Amount > left:
		return nil, entrepot.Errorf(entrepot.CodeConflict, "at most %s %s can be refunded",
			entrepot.Money{Minor: left, Currency: s.Currency}, s.Currency)
	case len(s.Refunds) >= MaxRefunds:
		return nil, entrepot.Errorf(entrepot.CodeConflict, "a payment has at most %d refunds", MaxRefunds)
	}
	r := RefundEntry{ID: c.RefundID, Amount: c.Amount, Reason: c.Reason, At: t.Now.UnixMilli()}
	if c.Amount == 0 {
		r.Amount, r.Rest = left, true
	}
	return []events.Event{s.refunding(r)}, nil
}

// sameAs returns a conflict if the command uses the id of this refund for another
// amount.
func (r *RefundEntry) sameAs(c Refund) error {
	if c.Amount == r.Amount || (c.Amount == 0 && r.Rest) {
		return nil
	}
	return entrepot.Errorf(entrepot.CodeConflict, "this refund id was used for another amount")
}

// mayRefund allows the platform and the shop's staff from shop manager up.
func (s *State) mayRefund(c entrepot.Caller) error {
	reach := c.MayReachShop(s.CompanyID, s.ShopID)
	switch {
	case s.ID == "" || (!reach && !c.Is(s.CustomerID)):
		return entrepot.ErrNotFound
	case !reach || c.Role == entrepot.ShopStaff:
		return entrepot.Errorf(entrepot.CodeForbidden, "this role may not refund payments")
	default:
		return nil
	}
}

// refunding returns the fact of a refund of at most what is left.
func (s *State) refunding(r RefundEntry) refunded {
	money := func(minor int64) entrepot.Amount { return entrepot.Money{Minor: minor, Currency: s.Currency}.Amount() }
	return refunded{events.PaymentRefunded{
		PaymentRef: s.ref(), RefundID: r.ID, Amount: money(r.Amount), RefundedTotal: money(s.Refunded + r.Amount),
		FullyRefunded: r.Amount == s.left(), Reason: r.Reason,
	}, r}
}

// Void ends a payment that was not made, and refunds the rest of a completed one.
// The platform may void a payment that was never opened: a late Open or Process
// then finds the order cancelled.
func (s *State) Void(t entrepot.Turn, c Void) ([]events.Event, error) {
	if s.ID != "" || t.RequireSystem() != nil {
		if err := s.mayRefund(t.Caller); err != nil {
			return nil, err
		}
	}
	switch s.Status {
	case Voided, Refunded:
		return nil, nil
	case Completed:
		if s.left() == 0 {
			return nil, nil // the order was free, or all is refunded
		}
		r := RefundEntry{ID: VoidRefundID, Amount: s.left(), Rest: true, Reason: c.Reason, At: t.Now.UnixMilli()}
		return []events.Event{s.refunding(r)}, nil
	default:
		return []events.Event{voided{id: t.ID, at: t.Now.UnixMilli()}}, nil
	}
}

// Get returns the payment to its customer and to the staff of its shop.
func (s *State) Get(t entrepot.Turn, _ Get) (*Payment, error) {
	if s.ID == "" || (!t.Caller.Is(s.CustomerID) && !t.Caller.MayReachShop(s.CompanyID, s.ShopID)) {
		return nil, entrepot.ErrNotFound
	}
	return s.reply(), nil
}

func (s *State) reply() *Payment {
	p := s.Payment
	return &p
}

// left returns the amount that may still be refunded.
func (s *State) left() int64 { return s.Captured - s.Refunded }

func (s *State) ref() events.PaymentRef {
	return events.PaymentRef{
		PaymentID: s.ID, OrderID: s.OrderID, CustomerID: s.CustomerID, CompanyID: s.CompanyID, ShopID: s.ShopID,
		PaymentMethod: s.Method, Gateway: s.Gateway, GatewayTransactionID: s.GatewayTransactionID, Currency: s.Currency,
	}
}

// Apply changes the state by one fact.
func (s *State) Apply(e events.Event) {
	switch f := e.(type) {
	case opened:
		s.open(f)
		s.Status = Pending
	case openedVoid:
		s.open(f.of)
	case captured:
		s.attempted(f.PaymentRef)
		s.Status, s.Captured, s.Failure, s.CompletedAt = Completed, f.amount, "", f.CompletedAt.UnixMilli()
	case declined:
		s.attempted(f.PaymentRef)
		s.Status, s.Failure = Failed, f.Reason
	case refunded:
		s.Refunds = append(s.Refunds, f.refund)
		if s.Refunded += f.refund.Amount; s.Refunded == s.Captured {
			s.Status = Refunded
		}
	case voided:
		s.ID, s.Status = f.id, Voided
		if s.CreatedAt == 0 {
			s.CreatedAt = f.at
		}
	}
}

func (s *State) open(f opened) {
	s.ID, s.OrderID, s.CustomerID = f.PaymentID, f.OrderID, f.CustomerID
	s.CompanyID, s.ShopID, s.Amount, s.Currency = f.CompanyID, f.ShopID, f.amount, f.Currency
	if s.CreatedAt == 0 {
		s.CreatedAt = f.at
	}
}

func (s *State) attempted(r events.PaymentRef) {
	s.Gateway, s.Method, s.GatewayTransactionID = r.Gateway, r.PaymentMethod, r.GatewayTransactionID
	s.Attempts++
}
