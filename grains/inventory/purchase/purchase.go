// Package purchase keeps the purchase orders by which a company buys from a
// supplier for one of its locations. Its process numbers them and brings their
// deliveries into stock.
//
// Commands: Create, SetTerms, Order, Receive, Cancel. Queries: Get. Persisted: the
// whole [State].
package purchase

import (
	"slices"
	"strconv"

	"entrepot"
	"entrepot/events"
)

// Statuses of a purchase order.
const (
	Draft             = "draft"
	ordering          = "ordering" // waits for its number; public: draft
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
	maxUnitCost  = entrepot.MaxMinor / MaxQuantity
)

// State is a purchase order. The zero State does not exist yet.
type State struct {
	Purchase
}

// Purchase is a purchase order in the state, in replies and in lists.
type Purchase struct {
	Terms

	ID           entrepot.ID `json:"id,omitempty"`
	CompanyID    entrepot.ID `json:"companyId,omitempty"`
	LocationID   entrepot.ID `json:"locationId,omitempty"`
	SupplierID   entrepot.ID `json:"supplierId,omitempty"`
	SupplierName string      `json:"supplierName,omitempty"`
	Currency     string      `json:"currency,omitempty"`
	Number       string      `json:"number,omitempty"`
	Status       string      `json:"status,omitempty"` // see PublicStatus
	Receipts     []Receipt   `json:"receipts,omitempty"`
	Reason       string      `json:"reason,omitempty"`  // of the cancellation
	CreatedAt    int64       `json:"created,omitempty"` // Unix ms
	UpdatedAt    int64       `json:"updated,omitempty"` // Unix ms
	OrderedAt    int64       `json:"begun,omitempty"`   // Unix ms; 0: never
	EndedAt      int64       `json:"ended,omitempty"`   // Unix ms; 0: not received or cancelled
	Version      int64       `json:"version,omitempty"` // counts the changes, for If-Match
}

// Terms are the part of a purchase order that a draft may change.
type Terms struct {
	Lines            []Line `json:"lines,omitempty"`
	Note             string `json:"note,omitempty"`
	ExpectedAt       int64  `json:"expected,omitempty"`  // Unix ms; 0: unknown
	TolerancePercent int64  `json:"tolerance,omitempty"` // how much more than ordered may be received
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

// Receipt is one delivery.
type Receipt struct {
	ID      entrepot.ID   `json:"id"`
	Parts   []Part        `json:"parts,omitempty"`
	Final   bool          `json:"final,omitempty"` // no more deliveries are expected
	By      entrepot.ID   `json:"by,omitempty"`
	At      int64         `json:"at"`                // Unix ms
	Booked  bool          `json:"booked,omitempty"`  // in stock, but for the refused variants
	Refused []entrepot.ID `json:"refused,omitempty"` // variants that the stock items did not take
}

// Part is pieces of a variant, of one batch.
type Part struct {
	VariantID entrepot.ID `json:"variantId"`
	Quantity  int64       `json:"quantity"`
	UnitCost  *int64      `json:"cost"` // of one piece, minor units; nil in a command: as ordered
	Batch     string      `json:"batch,omitempty"`
	ExpiresOn int64       `json:"expires,omitempty"` // Unix ms; 0: never
}

// Facts with data that events do not publish.
type (
	drafted struct {
		events.PurchaseOrderCreated
		terms Terms
	}
	changed struct {
		events.PurchaseOrderUpdated
		terms Terms
	}
	begun struct { // to be ordered
		events.Private
		at int64
	}
	receiving struct {
		events.Private
		Receipt
	}
	refused struct { // no part of a receipt is in stock
		events.Private
		booking
		at int64
	}
	partlyReceived struct {
		events.PurchaseOrderPartlyReceived
		refused []entrepot.ID
	}
)

// Create drafts the purchase order. The caller has checked that the location, the
// supplier and the products belong to the company.
func (s *State) Create(t entrepot.Turn, c Create) ([]events.Event, error) {
	if s.ID != "" {
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the purchase order already exists")
	}
	next := State{Purchase{
		ID: t.ID, CompanyID: c.CompanyID, LocationID: c.LocationID, SupplierID: c.SupplierID, SupplierName: c.SupplierName,
		Currency: c.Currency, Status: Draft,
	}}
	if err := next.mayBuy(t.Caller); err != nil {
		return nil, err
	}
	if err := c.Terms.check(); err != nil {
		return nil, err
	}
	next.Terms = c.Terms.fresh()
	return []events.Event{drafted{events.PurchaseOrderCreated{PurchaseOrder: next.public(t.Now)}, next.Terms}}, nil
}

// SetTerms replaces the terms of a draft.
func (s *State) SetTerms(t entrepot.Turn, c SetTerms) ([]events.Event, error) {
	if err := s.mayBuy(t.Caller); err != nil {
		return nil, err
	}
	if err := entrepot.CheckVersion(c.ExpectedVersion, s.Version); err != nil {
		return nil, err
	}
	if s.Status != Draft {
		return nil, entrepot.Errorf(entrepot.CodeConflict, "only a draft can be changed")
	}
	if err := c.Terms.check(); err != nil {
		return nil, err
	}
	next := *s
	next.Terms = c.Terms.fresh()
	return []events.Event{changed{events.PurchaseOrderUpdated{PurchaseOrder: next.public(t.Now)}, next.Terms}}, nil
}

func (terms *Terms) check() error {
	switch n := terms.TolerancePercent; {
	case n < 0 || n > MaxTolerance:
		return entrepot.Invalid("tolerancePercent", "range", "must be 0 to %d", MaxTolerance)
	case len(terms.Lines) == 0 || len(terms.Lines) > MaxLines:
		return entrepot.Invalid("lines", "length", "a purchase order has 1 to %d lines", MaxLines)
	}
	known := map[entrepot.ID]bool{}
	for i, l := range terms.Lines {
		switch {
		case known[l.VariantID]:
			return entrepot.Invalid(lineField(i)+".variantId", "unique", "is in an earlier line already")
		case l.Quantity < 1 || l.Quantity > MaxQuantity:
			return entrepot.Invalid(lineField(i)+".quantity", "range", "must be 1 to %d", MaxQuantity)
		case l.UnitCost < 0 || l.UnitCost > maxUnitCost:
			return entrepot.Invalid(lineField(i)+".unitCost", "range", "must be 0 to %d minor units", int64(maxUnitCost))
		}
		known[l.VariantID] = true
	}
	return nil
}

// fresh returns the terms with nothing received. They share no memory with the command.
func (terms Terms) fresh() Terms {
	terms.Lines = slices.Clone(terms.Lines)
	for i := range terms.Lines {
		terms.Lines[i].Received = 0
	}
	return terms
}

func lineField(i int) string { return "lines[" + strconv.Itoa(i) + "]" }

// Order begins to draw the number.
func (s *State) Order(t entrepot.Turn, _ Order) ([]events.Event, error) {
	if err := s.mayBuy(t.Caller); err != nil {
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

// Receive begins to bring a delivery into stock. It refuses more pieces than are
// ordered and tolerated.
func (s *State) Receive(t entrepot.Turn, c Receive) ([]events.Event, error) {
	if err := s.mayBuy(t.Caller); err != nil {
		return nil, err
	}
	if s.receipt(c.ReceiptID) != nil {
		return nil, nil
	}
	switch {
	case s.Status != Ordered && s.Status != PartiallyReceived:
		return nil, entrepot.Errorf(entrepot.CodeConflict, "a purchase order that is %s cannot be received", s.PublicStatus())
	case s.isBooking():
		return nil, entrepot.Unavailable("another delivery is being booked")
	case len(s.Receipts) >= MaxReceipts:
		return nil, entrepot.Errorf(entrepot.CodeConflict, "a purchase order has at most %d deliveries", MaxReceipts)
	case len(c.Parts) == 0 && !c.Final:
		return nil, entrepot.Invalid("lines", "length", "must name received pieces, unless the delivery is final")
	}
	r := Receipt{ID: c.ReceiptID, Final: c.Final, By: t.Caller.UserID, At: t.Now.UnixMilli()}
	known := map[entrepot.ID]bool{}
	for i, p := range c.Parts {
		if known[p.VariantID] {
			return nil, entrepot.Invalid(lineField(i)+".variantId", "unique",
				"is in an earlier line already: each batch is a delivery of its own")
		}
		known[p.VariantID] = true
		if err := s.checkPart(lineField(i), p); err != nil {
			return nil, err
		}
		cost := s.line(p.VariantID).UnitCost
		if p.UnitCost != nil {
			cost = *p.UnitCost
		}
		p.UnitCost = &cost
		r.Parts = append(r.Parts, p)
	}
	return []events.Event{receiving{Receipt: r}}, nil
}

func (s *State) checkPart(field string, p Part) error {
	l := s.line(p.VariantID)
	if l == nil {
		return entrepot.Invalid(field+".variantId", "exists", "is in no line of the purchase order")
	}
	switch room := s.room(l); {
	case p.Quantity < 1 || p.Quantity > room:
		return entrepot.Invalid(field+".quantity", "range", "must be 1 to %d", room)
	case p.UnitCost != nil && (*p.UnitCost < 0 || *p.UnitCost > maxUnitCost):
		return entrepot.Invalid(field+".unitCost", "range", "must be 0 to %d minor units", int64(maxUnitCost))
	}
	return nil
}

// room returns how many more pieces of a line may be received.
func (s *State) room(l *Line) int64 {
	return l.Quantity + l.Quantity*s.TolerancePercent/100 - l.Received
}

// Cancel ends the purchase order. What has been received stays in stock.
func (s *State) Cancel(t entrepot.Turn, c Cancel) ([]events.Event, error) {
	if err := s.mayBuy(t.Caller); err != nil {
		return nil, err
	}
	switch {
	case s.Status == Cancelled:
		return nil, nil
	case s.Status == Received:
		return nil, entrepot.Errorf(entrepot.CodeConflict, "a purchase order that is received cannot be cancelled")
	case s.Status == ordering || s.isBooking():
		return nil, entrepot.Unavailable("the purchase order is being numbered or received")
	}
	next := *s
	next.Status = Cancelled
	return []events.Event{events.PurchaseOrderCancelled{PurchaseOrder: next.public(t.Now), Reason: c.Reason}}, nil
}

// seenBy admits staff of the location, and the company's admins.
func (s *State) seenBy(c entrepot.Caller) bool {
	return s.ID != "" && c.MayReachShop(s.CompanyID, s.LocationID)
}

// mayBuy admits managers of the location, and the company's admins.
func (s *State) mayBuy(c entrepot.Caller) error {
	switch {
	case !s.seenBy(c):
		return entrepot.ErrNotFound
	case c.Role == entrepot.ShopStaff:
		return entrepot.Errorf(entrepot.CodeForbidden, "shop staff may not buy")
	default:
		return nil
	}
}

// PublicStatus returns the status as clients see it.
func (p *Purchase) PublicStatus() string {
	if p.Status == ordering {
		return Draft
	}
	return p.Status
}

func (p *Purchase) line(variant entrepot.ID) *Line {
	i := slices.IndexFunc(p.Lines, func(l Line) bool { return l.VariantID == variant })
	if i < 0 {
		return nil
	}
	return &p.Lines[i]
}

func (p *Purchase) receipt(id entrepot.ID) *Receipt {
	i := slices.IndexFunc(p.Receipts, func(r Receipt) bool { return r.ID == id })
	if i < 0 {
		return nil
	}
	return &p.Receipts[i]
}

// isBooking reports whether a receipt is being brought into stock.
func (p *Purchase) isBooking() bool {
	return slices.ContainsFunc(p.Receipts, func(r Receipt) bool { return !r.Booked })
}
