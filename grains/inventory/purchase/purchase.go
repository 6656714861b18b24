// Package purchase is what a company buys from a supplier for one of its
// locations, and the process that numbers it and brings deliveries into stock.
//
// The process, as a table (the calls are in steps.go):
//
//	in this state  do that                            and on the answer
//	ordering       draw a number from the series      Numbered: ordered
//	a receipt      bring it into the location's stock Booked: received when nothing is to come
//
// Commands: Create, SetTerms, Order, Receive, Cancel. Queries: Get. Persisted:
// the whole [State].
package purchase

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"entrepot"
	"entrepot/events"
)

// Statuses of a purchase order.
const (
	Draft             = "draft"
	ordering          = "ordering" // shown as draft
	Ordered           = "ordered"
	PartiallyReceived = "partially_received"
	Received          = "received"
	Cancelled         = "cancelled"
)

// Limits of one purchase order.
const (
	MaxLines     = 200
	MaxReceipts  = 100
	MaxQuantity  = 1_000_000
	MaxTolerance = 100 // percent
)

// State of a purchase order. The zero State does not exist yet.
type State struct {
	Terms

	ID           entrepot.ID `json:"id,omitempty"`
	CompanyID    entrepot.ID `json:"companyId,omitempty"`
	LocationID   entrepot.ID `json:"locationId,omitempty"`
	SupplierID   entrepot.ID `json:"supplierId,omitempty"`
	SupplierName string      `json:"supplierName,omitempty"`
	Currency     string      `json:"currency,omitempty"`
	Number       string      `json:"number,omitempty"`
	Status       string      `json:"status,omitempty"`
	Receipts     []Receipt   `json:"receipts,omitempty"`
	Reason       string      `json:"reason,omitempty"`
	CreatedAt    int64       `json:"created,omitempty"` // Unix ms, as all times of the state
	UpdatedAt    int64       `json:"updated,omitempty"`
	Begun        int64       `json:"begun,omitempty"` // to be ordered
	EndedAt      int64       `json:"ended,omitempty"`
	Version      int64       `json:"version,omitempty"` // counts the changes, for If-Match
}

// Terms are what a draft may change.
type Terms struct {
	Lines            []Line `json:"lines,omitempty"`
	Note             string `json:"note,omitempty"`
	ExpectedAt       int64  `json:"expected,omitempty"`
	TolerancePercent int64  `json:"tolerance,omitempty"` // percent that may come beyond what is ordered
}

// Line is one variant.
type Line struct {
	ProductID   entrepot.ID `json:"productId"`
	VariantID   entrepot.ID `json:"variantId"`
	SKU         string      `json:"sku,omitempty"`
	SupplierSKU string      `json:"supplierSku,omitempty"`
	Quantity    int64       `json:"quantity"`
	UnitCost    int64       `json:"cost"` // of one piece, minor units of Currency
	Received    int64       `json:"received,omitempty"`
}

// room is how many more pieces may come.
func (s *State) room(l *Line) int64 {
	return l.Quantity + l.Quantity*s.TolerancePercent/100 - l.Received
}

// Receipt is what came in at once.
type Receipt struct {
	ID      entrepot.ID `json:"id"`
	Parts   []Part      `json:"parts,omitempty"`
	Final   bool        `json:"final,omitempty"`
	By      entrepot.ID `json:"by,omitempty"`
	At      int64       `json:"at"`
	Booked  bool        `json:"booked,omitempty"`
	Refused []string    `json:"refused,omitempty"` // variants that the stock did not take
}

// Part is some pieces of a variant, of one batch.
type Part struct {
	VariantID entrepot.ID `json:"variantId"`
	Quantity  int64       `json:"quantity"`
	UnitCost  int64       `json:"cost"`
	Batch     string      `json:"batch,omitempty"`
	ExpiresOn int64       `json:"expires,omitempty"`
}

// Facts that only the purchase order itself needs.
type (
	begun struct {
		events.Private
		at int64
	}
	receiving struct {
		events.Private
		Receipt
	}
	refused struct { // a receipt that nothing of came in
		events.Private
		id      entrepot.ID
		refused []string
		at      int64
	}
	booked struct {
		events.PurchaseOrderPartlyReceived
		refused []string
	}
	drafted struct {
		events.PurchaseOrderCreated
		terms Terms
	}
	changed struct {
		events.PurchaseOrderUpdated
		terms Terms
	}
)

// mayAct: who runs the location buys for it; staff of a shop only look.
func (s *State) mayAct(c entrepot.Caller) error {
	switch {
	case s.ID == "" || !c.MayReachShop(s.CompanyID, s.LocationID):
		return entrepot.ErrNotFound
	case c.Role == entrepot.ShopStaff:
		return entrepot.Errorf(entrepot.CodeForbidden, "shop staff may not buy")
	default:
		return nil
	}
}

// Create drafts the purchase. The edge has seen that location, supplier and
// goods are the company's.
func (s *State) Create(t entrepot.Turn, c Create) ([]events.Event, error) {
	if s.ID != "" {
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the purchase order already exists")
	}
	next := State{
		ID: t.ID, CompanyID: c.CompanyID, LocationID: c.LocationID, SupplierID: c.SupplierID, SupplierName: c.SupplierName,
		Currency: c.Currency, Status: Draft,
	}
	if err := next.mayAct(t.Caller); err != nil {
		return nil, err
	}
	terms, err := termsOf(c.Terms)
	if err != nil {
		return nil, err
	}
	next.Terms = terms
	return []events.Event{drafted{events.PurchaseOrderCreated{PurchaseOrder: next.public(t.Now)}, terms}}, nil
}

func termsOf(m Terms) (Terms, error) {
	out := Terms{Note: m.Note, ExpectedAt: m.ExpectedAt, TolerancePercent: m.TolerancePercent}
	switch {
	case out.TolerancePercent < 0 || out.TolerancePercent > MaxTolerance:
		return out, entrepot.Invalid("tolerancePercent", "range", "must be 0 to %d", MaxTolerance)
	case len(m.Lines) == 0 || len(m.Lines) > MaxLines:
		return out, entrepot.Invalid("lines", "length", "a purchase order has 1 to %d lines", MaxLines)
	}
	known := map[entrepot.ID]bool{}
	for i, l := range m.Lines {
		switch {
		case known[l.VariantID]:
			return out, entrepot.Invalid(lineField(i)+".variantId", "unique", "stands in an earlier line already")
		case l.Quantity < 1 || l.Quantity > MaxQuantity:
			return out, entrepot.Invalid(lineField(i)+".quantity", "range", "must be 1 to %d", MaxQuantity)
		case l.UnitCost < 0 || l.UnitCost > entrepot.MaxMinor/MaxQuantity:
			return out, entrepot.Invalid(lineField(i)+".unitCost", "range", "is too large")
		}
		known[l.VariantID] = true
		out.Lines = append(out.Lines, Line{
			ProductID: l.ProductID, VariantID: l.VariantID, SKU: l.SKU, SupplierSKU: l.SupplierSKU, Quantity: l.Quantity, UnitCost: l.UnitCost,
		})
	}
	return out, nil
}

func lineField(i int) string { return "lines[" + strconv.Itoa(i) + "]" }

// SetTerms replaces what a draft says.
func (s *State) SetTerms(t entrepot.Turn, c SetTerms) ([]events.Event, error) {
	if err := s.mayAct(t.Caller); err != nil {
		return nil, err
	}
	if err := entrepot.CheckVersion(c.ExpectedVersion, s.Version); err != nil {
		return nil, err
	}
	if s.Status != Draft {
		return nil, entrepot.Errorf(entrepot.CodeConflict, "only a draft can be changed")
	}
	terms, err := termsOf(c.Terms)
	if err != nil {
		return nil, err
	}
	next := *s
	next.Terms = terms
	return []events.Event{changed{events.PurchaseOrderUpdated{PurchaseOrder: next.public(t.Now)}, terms}}, nil
}

// Order begins to draw the number.
func (s *State) Order(t entrepot.Turn, _ Order) ([]events.Event, error) {
	if err := s.mayAct(t.Caller); err != nil {
		return nil, err
	}
	switch s.Status {
	case Draft:
		return []events.Event{begun{at: t.Now.UnixMilli()}}, nil
	case Cancelled:
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the purchase order is cancelled")
	default:
		return nil, nil
	}
}

// Numbered takes the answer of the number step.
func (s *State) Numbered(t entrepot.Turn, c Numbered) ([]events.Event, error) {
	if t.Caller.Role != entrepot.System || s.Status != ordering {
		return nil, nil
	}
	next := *s
	next.Status, next.Number = Ordered, fmt.Sprintf("PO-%s-%06d", s.year(), c.Number)
	return []events.Event{events.PurchaseOrderOrdered{PurchaseOrder: next.public(t.Now)}}, nil
}

// year is the series that the number is drawn from.
func (s *State) year() string { return strconv.Itoa(time.UnixMilli(s.Begun).UTC().Year()) }

// Receive begins to bring a delivery in. More than is ordered and tolerated is refused.
func (s *State) Receive(t entrepot.Turn, c Receive) ([]events.Event, error) {
	if err := s.mayAct(t.Caller); err != nil {
		return nil, err
	}
	if s.receipt(c.ReceiptID) != nil {
		return nil, nil
	}
	switch {
	case s.Status != Ordered && s.Status != PartiallyReceived:
		return nil, entrepot.Errorf(entrepot.CodeConflict, "a purchase order that is %s cannot be received", s.shown())
	case s.pending() != nil:
		return nil, entrepot.Unavailable("another delivery is being booked")
	case len(s.Receipts) >= MaxReceipts:
		return nil, entrepot.Errorf(entrepot.CodeConflict, "a purchase order has at most %d deliveries", MaxReceipts)
	case len(c.Parts) == 0 && !c.Final:
		return nil, entrepot.Invalid("lines", "length", "name what has come, or that nothing more will")
	}
	r := Receipt{ID: c.ReceiptID, Final: c.Final, By: t.Caller.UserID, At: t.Now.UnixMilli()}
	known := map[entrepot.ID]bool{}
	for i, p := range c.Parts {
		l := s.line(p.VariantID)
		switch {
		case l == nil:
			return nil, entrepot.Invalid(lineField(i)+".variantId", "exists", "is in no line of the purchase order")
		case known[p.VariantID]:
			return nil, entrepot.Invalid(lineField(i)+".variantId", "unique", "stands in an earlier line already: each batch is a delivery of its own")
		case p.Quantity < 1 || p.Quantity > s.room(l):
			return nil, entrepot.Invalid(lineField(i)+".quantity", "range", "must be 1 to %d", s.room(l))
		case p.UnitCost != nil && (*p.UnitCost < 0 || *p.UnitCost > entrepot.MaxMinor/MaxQuantity):
			return nil, entrepot.Invalid(lineField(i)+".unitCost", "range", "is too large")
		}
		known[p.VariantID] = true
		part := Part{VariantID: p.VariantID, Quantity: p.Quantity, UnitCost: l.UnitCost, Batch: p.Batch, ExpiresOn: p.ExpiresOn}
		if p.UnitCost != nil {
			part.UnitCost = *p.UnitCost
		}
		r.Parts = append(r.Parts, part)
	}
	return []events.Event{receiving{Receipt: r}}, nil
}

// Booked takes the answer of a receipt's step. The last one ends the purchase.
func (s *State) Booked(t entrepot.Turn, c Booked) ([]events.Event, error) {
	r := s.receipt(c.ReceiptID)
	if t.Caller.Role != entrepot.System || r == nil || r.Booked {
		return nil, nil
	}
	next := *s
	next.Lines, next.Status = slices.Clone(s.Lines), PartiallyReceived
	var parts []events.PurchasePart
	for _, p := range r.Parts {
		if !slices.Contains(c.Refused, p.VariantID) {
			parts = append(parts, events.PurchasePart{VariantID: p.VariantID, Quantity: p.Quantity, Batch: p.Batch})
		}
	}
	next.take(parts)
	var facts []events.Event
	if len(parts) > 0 {
		facts = append(facts, booked{
			PurchaseOrderPartlyReceived: events.PurchaseOrderPartlyReceived{PurchaseOrder: next.public(t.Now), ReceiptID: r.ID, Parts: parts}, refused: c.Refused,
		})
	} else {
		facts = append(facts, refused{id: r.ID, refused: c.Refused, at: t.Now.UnixMilli()})
	}
	complete := !slices.ContainsFunc(next.Lines, func(l Line) bool { return l.Received < l.Quantity })
	if complete || (r.Final && len(c.Refused) == 0) {
		next.Status = Received
		facts = append(facts, events.PurchaseOrderReceived{PurchaseOrder: next.public(t.Now)})
	}
	return facts, nil
}

// Cancel gives the purchase up; what has come in stays in stock.
func (s *State) Cancel(t entrepot.Turn, c Cancel) ([]events.Event, error) {
	if err := s.mayAct(t.Caller); err != nil {
		return nil, err
	}
	switch {
	case s.Status == Cancelled:
		return nil, nil
	case s.Status == Received:
		return nil, entrepot.Errorf(entrepot.CodeConflict, "a purchase order that is received cannot be cancelled")
	case s.Status == ordering || s.pending() != nil:
		return nil, entrepot.Unavailable("the purchase order is being worked on")
	}
	next := *s
	next.Status = Cancelled
	return []events.Event{events.PurchaseOrderCancelled{PurchaseOrder: next.public(t.Now), Reason: c.Reason}}, nil
}

func (s *State) line(variant entrepot.ID) *Line {
	for i := range s.Lines {
		if s.Lines[i].VariantID == variant {
			return &s.Lines[i]
		}
	}
	return nil
}

func (s *State) receipt(id entrepot.ID) *Receipt {
	for i := range s.Receipts {
		if s.Receipts[i].ID == id {
			return &s.Receipts[i]
		}
	}
	return nil
}

// pending is the receipt that is being booked, if any.
func (s *State) pending() *Receipt {
	for i := range s.Receipts {
		if !s.Receipts[i].Booked {
			return &s.Receipts[i]
		}
	}
	return nil
}

// shown is the status as others know it.
func (s *State) shown() string {
	if s.Status == ordering {
		return Draft
	}
	return s.Status
}

func (s *State) createdAt() time.Time { return time.UnixMilli(s.CreatedAt).UTC() }
