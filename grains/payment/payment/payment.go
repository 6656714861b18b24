// Package payment is the payment of one order: what is to be paid, the attempts,
// what was captured and what was given back. There is one payment for an order,
// its id derived from the order's, so a single writer sees all of it.
//
// Commands: Open, Process, Refund, Void. Queries: Get. Persisted: the whole
// [State]. A refund is known by its natural id, which the state remembers.
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
	"time"

	"entrepot"
	"entrepot/events"
)

// The statuses of a payment. Processing is a gateway's that decides later.
const (
	StatusPending    = "pending"
	StatusProcessing = "processing"
	StatusCompleted  = "completed"
	StatusFailed     = "failed"
	StatusRefunded   = "refunded"
	StatusVoid       = "void"
)

// VoidRefundID is the id of the refund that Void makes. No other refund may have it.
const VoidRefundID = "void"

// MaxRefunds bounds the refunds of one payment. Void's own comes on top.
const MaxRefunds = 100

// State is a payment. The zero State is not open yet; a void one may know no
// order, when the order was cancelled before it was opened.
type State struct {
	ID          entrepot.ID   `json:"id,omitempty"`
	OrderID     entrepot.ID   `json:"orderId,omitempty"`
	CustomerID  entrepot.ID   `json:"customerId,omitempty"`
	CompanyID   entrepot.ID   `json:"companyId,omitempty"`
	ShopID      entrepot.ID   `json:"shopId,omitempty"`
	Amount      int64         `json:"amount,omitempty"` // to be paid; minor units, as all amounts of the state
	Currency    string        `json:"currency,omitempty"`
	Method      string        `json:"method,omitempty"`
	Gateway     string        `json:"gateway,omitempty"`
	Transaction string        `json:"transaction,omitempty"` // the gateway's id of the last attempt
	Status      string        `json:"status,omitempty"`
	Captured    int64         `json:"captured,omitempty"`
	Refunded    int64         `json:"refunded,omitempty"` // the sum of Refunds, never above Captured
	Refunds     []RefundEntry `json:"refunds,omitempty"`
	Failure     string        `json:"failure,omitempty"` // why the last attempt failed
	Attempts    int32         `json:"attempts,omitempty"`
	CreatedAt   int64         `json:"created,omitempty"`   // Unix ms
	Completed   int64         `json:"completed,omitempty"` // Unix ms
}

// Refund is money given back.
type RefundEntry struct {
	ID     string `json:"id"`
	Amount int64  `json:"amount"`
	// Rest: asked for as "what is left", so that asking again so is the same refund.
	Rest   bool   `json:"rest,omitempty"`
	Reason string `json:"reason,omitempty"`
	At     int64  `json:"at"` // Unix ms
}

// The facts are the public events with amounts in minor units beside them: the
// state never parses the decimal that readers get.
type (
	opened struct {
		events.PaymentInitiated
		amount, at int64
	}
	// openedVoid is a payment opened after its order was cancelled: it says what
	// would have been paid and stays void, so nothing is initiated.
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

// Open makes the payment of an order. Opening again with the same amount changes
// nothing. After a cancellation it stays void: the order's events may come late.
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
	if s.Status == StatusVoid {
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
		return entrepot.Invalid("amount", "range", "must be non-negative and not that large")
	default:
		return nil
	}
}

// Process tries to pay, opening the payment first if need be. A refusal of the
// gateway is an answer and not an error: the payment is failed and may be tried
// again.
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
	case s.Status == StatusVoid:
		return errCancelled
	case s.Status == StatusRefunded:
		return entrepot.Errorf(entrepot.CodeConflict, "the payment is refunded")
	case s.Status == StatusCompleted:
		return entrepot.Errorf(entrepot.CodeConflict, "the order is paid already")
	default:
		return nil
	}
}

// attempt asks the manual gateway and says what came of it.
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

// Refund gives money back, once for each refund id.
func (s *State) Refund(t entrepot.Turn, c Refund) ([]events.Event, error) {
	if err := s.mayRefund(t.Caller); err != nil {
		return nil, err
	}
	switch {
	case c.RefundID == "" || c.RefundID == VoidRefundID:
		return nil, entrepot.Invalid("refundId", "required", "must be given, and not be %q", VoidRefundID)
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

// sameAs refuses the id of this refund for another amount.
func (r *RefundEntry) sameAs(c Refund) error {
	if c.Amount == r.Amount || (c.Amount == 0 && r.Rest) {
		return nil
	}
	return entrepot.Errorf(entrepot.CodeConflict, "this refund id was used for another amount")
}

// mayRefund: staff above shop staff who reach the shop, and the platform.
func (s *State) mayRefund(c entrepot.Caller) error {
	reach := c.MayReachShop(s.CompanyID, s.ShopID)
	switch {
	case s.ID == "" || (!reach && !c.Is(s.CustomerID)):
		return entrepot.ErrNotFound
	case !reach || c.Role == entrepot.ShopStaff:
		return entrepot.Errorf(entrepot.CodeForbidden, "this role refunds no payments")
	default:
		return nil
	}
}

// refunding is the fact of a refund that left allows.
func (s *State) refunding(r RefundEntry) refunded {
	money := func(minor int64) entrepot.Amount { return entrepot.Money{Minor: minor, Currency: s.Currency}.Amount() }
	return refunded{events.PaymentRefunded{
		PaymentRef: s.ref(), RefundID: r.ID, Amount: money(r.Amount), RefundedTotal: money(s.Refunded + r.Amount),
		FullyRefunded: r.Amount == s.left(), Reason: r.Reason,
	}, r}
}

// Void ends a payment that was not made and gives back one that was. The
// platform may void what was never opened: a late Open or Process then finds
// the order cancelled.
func (s *State) Void(t entrepot.Turn, c Void) ([]events.Event, error) {
	if s.ID != "" || t.Caller.Role != entrepot.System {
		if err := s.mayRefund(t.Caller); err != nil {
			return nil, err
		}
	}
	switch s.Status {
	case StatusVoid, StatusRefunded:
		return nil, nil
	case StatusCompleted:
		if s.left() == 0 {
			return nil, nil // an order that cost nothing
		}
		r := RefundEntry{ID: VoidRefundID, Amount: s.left(), Rest: true, Reason: c.Reason, At: t.Now.UnixMilli()}
		return []events.Event{s.refunding(r)}, nil
	default:
		return []events.Event{voided{id: t.ID, at: t.Now.UnixMilli()}}, nil
	}
}

// Apply changes the state by one fact.
func (s *State) Apply(e events.Event) {
	switch f := e.(type) {
	case opened:
		s.open(f)
		s.Status = StatusPending
	case openedVoid:
		s.open(f.of)
	case captured:
		s.attempted(f.PaymentRef)
		s.Status, s.Captured, s.Failure, s.Completed = StatusCompleted, f.amount, "", f.CompletedAt.UnixMilli()
	case declined:
		s.attempted(f.PaymentRef)
		s.Status, s.Failure = StatusFailed, f.Reason
	case refunded:
		s.Refunds = append(s.Refunds, f.refund)
		if s.Refunded += f.refund.Amount; s.Refunded == s.Captured {
			s.Status = StatusRefunded
		}
	case voided:
		s.ID, s.Status = f.id, StatusVoid
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
	s.Gateway, s.Method, s.Transaction = r.Gateway, r.PaymentMethod, r.GatewayTransactionID
	s.Attempts++
}

// Get answers the payment to its customer and to the staff who reach its shop.
func (s *State) Get(t entrepot.Turn, _ Get) (*Payment, error) {
	if s.ID == "" || (!t.Caller.Is(s.CustomerID) && !t.Caller.MayReachShop(s.CompanyID, s.ShopID)) {
		return nil, entrepot.ErrNotFound
	}
	return s.View(), nil
}

// View is the whole payment.
func (s *State) View() *Payment {
	return &Payment{
		ID: s.ID, OrderID: s.OrderID, CustomerID: s.CustomerID, CompanyID: s.CompanyID, ShopID: s.ShopID,
		Amount: s.Amount, Currency: s.Currency, Method: s.Method, Gateway: s.Gateway,
		GatewayTransactionID: s.Transaction, Status: s.Status, Captured: s.Captured, Refunded: s.Refunded,
		Failure: s.Failure, CreatedAt: s.CreatedAt, CompletedAt: s.Completed, Attempts: s.Attempts,
	}
}

// left is what may still be refunded.
func (s *State) left() int64 { return s.Captured - s.Refunded }

func (s *State) ref() events.PaymentRef {
	return events.PaymentRef{
		PaymentID: s.ID, OrderID: s.OrderID, CustomerID: s.CustomerID, CompanyID: s.CompanyID, ShopID: s.ShopID,
		PaymentMethod: s.Method, Gateway: s.Gateway, GatewayTransactionID: s.Transaction, Currency: s.Currency,
	}
}

func (s *State) createdAt() time.Time { return time.UnixMilli(s.CreatedAt).UTC() }
