// Package transfer keeps transfers of goods from one location of a company to
// another. Its process takes the goods out of one stock and brings them into the
// other. What was shipped has arrived, was returned, is lost, or is in transit: the
// four add up at any moment.
//
// Commands: Create, SetLines, Ship, Receive, Cancel. Queries: Get. Persisted: the
// whole [State].
package transfer

import (
	"slices"
	"strconv"

	"entrepot"
	"entrepot/events"
	"entrepot/grains/inventory/stock"
)

// Statuses of a transfer.
const (
	Draft     = "draft"
	reserving = "reserving" // lines are being reserved at the source; public: shipping
	freeing   = "freeing"   // lines are being released at the source; public: draft
	Shipping  = "shipping"  // lines are leaving the source
	InTransit = "in_transit"
	Returning = "returning" // goods go back to the source
	Received  = "received"
	Cancelled = "cancelled"
)

// Limits of one transfer.
const (
	MaxLines    = 200
	MaxReceipts = 100
	MaxQuantity = 1_000_000
)

// State is a transfer. The zero State does not exist yet.
type State struct {
	Transfer

	Begun   int64         `json:"begun,omitempty"`   // Unix ms; start of the attempt to ship
	Missing []entrepot.ID `json:"missing,omitempty"` // variants that lacked pieces in the last attempt
	Stuck   []entrepot.ID `json:"stuck,omitempty"`   // variants that the source refused in the last return
	Returns int64         `json:"returns,omitempty"` // returns that left goods in transit
}

// Transfer is a transfer in the state, in replies and in lists.
type Transfer struct {
	ID        entrepot.ID `json:"id,omitempty"`
	CompanyID entrepot.ID `json:"companyId,omitempty"`
	FromID    entrepot.ID `json:"fromId,omitempty"`
	ToID      entrepot.ID `json:"toId,omitempty"`
	Status    string      `json:"status,omitempty"` // see PublicStatus
	Note      string      `json:"note,omitempty"`
	Lines     []Line      `json:"lines,omitempty"`
	Attempt   int64       `json:"attempt,omitempty"` // to ship; each has a shipment id of its own
	Receipts  []Receipt   `json:"receipts,omitempty"`
	Reason    string      `json:"reason,omitempty"`  // of the loss, or of the cancellation
	CreatedAt int64       `json:"created,omitempty"` // Unix ms
	UpdatedAt int64       `json:"updated,omitempty"` // Unix ms
	ShippedAt int64       `json:"sent,omitempty"`    // Unix ms; 0: never
	EndedAt   int64       `json:"ended,omitempty"`   // Unix ms; 0: not received or cancelled
	Version   int64       `json:"version,omitempty"` // counts the changes, for If-Match
}

// Line is one variant. Shipped = Arrived + Returned + Lost + InTransit().
type Line struct {
	ProductID entrepot.ID   `json:"productId"`
	VariantID entrepot.ID   `json:"variantId"`
	SKU       string        `json:"sku,omitempty"`
	Quantity  int64         `json:"quantity"`
	Shipped   int64         `json:"shipped,omitempty"`
	Arrived   int64         `json:"arrived,omitempty"`
	Returned  int64         `json:"returned,omitempty"`
	Lost      int64         `json:"lost,omitempty"`
	UnitCost  *int64        `json:"unitCost,omitempty"` // at the source, average of the pieces with a cost, minor units
	Currency  string        `json:"currency,omitempty"`
	Goods     []stock.Goods `json:"goods,omitempty"` // what was shipped, in the order in which it arrives
}

// InTransit returns the pieces that have neither arrived nor returned and are not lost.
func (l *Line) InTransit() int64 { return l.Shipped - l.Arrived - l.Returned - l.Lost }

// Receipt is what arrived at once.
type Receipt struct {
	ID      entrepot.ID           `json:"id"`
	Parts   []events.TransferPart `json:"parts,omitempty"`
	Final   bool                  `json:"final,omitempty"`  // pieces that have not arrived are lost
	Reason  string                `json:"reason,omitempty"` // of the loss
	By      entrepot.ID           `json:"by,omitempty"`
	At      int64                 `json:"at"`                // Unix ms
	Booked  bool                  `json:"booked,omitempty"`  // in stock, but for the refused variants
	Refused []entrepot.ID         `json:"refused,omitempty"` // variants that the stock items did not take
}

// Facts with data that events do not publish.
type (
	turned struct { // to another status of the process
		events.Private
		status  string
		missing []entrepot.ID
		at      int64
	}
	begun struct { // an attempt to ship
		events.Private
		at int64
	}
	departed struct {
		events.TransferShipped
		parts []departure
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
		events.TransferPartlyReceived
		refused []entrepot.ID
	}
	returning struct {
		events.Private
		reason string
		at     int64
	}
	heldBack struct { // some goods are at the source again, the refused are in transit
		events.TransferUpdated
		refused []entrepot.ID
	}
)

var errStaff = entrepot.Errorf(entrepot.CodeForbidden, "shop staff may not move stock")

// Create drafts the transfer. The caller has checked that both locations and the
// products belong to the company.
func (s *State) Create(t entrepot.Turn, c Create) ([]events.Event, error) {
	next := State{Transfer: Transfer{ID: t.ID, CompanyID: c.CompanyID, FromID: c.FromID, ToID: c.ToID, Status: Draft}}
	switch {
	case s.ID != "":
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the transfer already exists")
	case !next.SeenBy(t.Caller):
		return nil, entrepot.ErrNotFound
	case t.Caller.Role == entrepot.ShopStaff:
		return nil, errStaff
	case c.FromID == c.ToID:
		return nil, entrepot.Invalid("toLocationId", "different", "must be another location than the source")
	}
	if err := checkLines(c.Lines); err != nil {
		return nil, err
	}
	next.Lines = wanted(c.Lines)
	return []events.Event{events.TransferCreated{Transfer: next.public(t.Now), Note: c.Note}}, nil
}

// SetLines replaces the lines and the note of a draft.
func (s *State) SetLines(t entrepot.Turn, c SetLines) ([]events.Event, error) {
	if err := s.mayMove(t.Caller); err != nil {
		return nil, err
	}
	if err := entrepot.CheckVersion(c.ExpectedVersion, s.Version); err != nil {
		return nil, err
	}
	if s.Status != Draft {
		return nil, entrepot.Errorf(entrepot.CodeConflict, "only a draft can be changed")
	}
	if err := checkLines(c.Lines); err != nil {
		return nil, err
	}
	next := *s
	next.Lines = wanted(c.Lines)
	return []events.Event{events.TransferUpdated{Transfer: next.public(t.Now), Note: c.Note}}, nil
}

func checkLines(lines []Line) error {
	if len(lines) == 0 || len(lines) > MaxLines {
		return entrepot.Invalid("lines", "length", "a transfer has 1 to %d lines", MaxLines)
	}
	known := map[entrepot.ID]bool{}
	for i, l := range lines {
		switch {
		case l.Quantity < 1 || l.Quantity > MaxQuantity:
			return entrepot.Invalid(lineField(i)+".quantity", "range", "must be 1 to %d", MaxQuantity)
		case known[l.VariantID]:
			return entrepot.Invalid(lineField(i)+".variantId", "unique", "is in an earlier line already")
		}
		known[l.VariantID] = true
	}
	return nil
}

// wanted returns the lines with nothing shipped.
func wanted(lines []Line) []Line {
	out := make([]Line, len(lines))
	for i, l := range lines {
		out[i] = Line{ProductID: l.ProductID, VariantID: l.VariantID, SKU: l.SKU, Quantity: l.Quantity}
	}
	return out
}

func lineField(i int) string { return "lines[" + strconv.Itoa(i) + "]" }

// Ship begins to take the goods out of the source.
func (s *State) Ship(t entrepot.Turn, _ Ship) ([]events.Event, error) {
	if err := s.mayMoveFrom(t.Caller); err != nil {
		return nil, err
	}
	switch s.Status {
	case Draft:
		return []events.Event{begun{at: t.Now.UnixMilli()}}, nil
	case reserving, freeing, Shipping, InTransit:
		return nil, nil
	default:
		return nil, entrepot.Errorf(entrepot.CodeConflict, "a transfer that is %s cannot be shipped", s.Status)
	}
}

// Receive begins to bring parts into the stock of the destination. It refuses more
// pieces than are in transit: a stock adjustment records pieces found beyond them.
func (s *State) Receive(t entrepot.Turn, c Receive) ([]events.Event, error) {
	if err := s.mayMoveTo(t.Caller); err != nil {
		return nil, err
	}
	if s.receipt(c.ReceiptID) != nil {
		return nil, nil
	}
	switch {
	case s.Status != InTransit:
		return nil, entrepot.Errorf(entrepot.CodeConflict, "a transfer that is %s cannot be received", s.PublicStatus())
	case s.isBooking():
		return nil, entrepot.Unavailable("another receipt is being booked")
	case len(s.Receipts) >= MaxReceipts:
		return nil, entrepot.Errorf(entrepot.CodeConflict, "a transfer has at most %d receipts", MaxReceipts)
	case len(c.Parts) == 0 && !c.Final:
		return nil, entrepot.Invalid("lines", "length", "must name arrived pieces, unless the receipt is final")
	}
	known := map[entrepot.ID]bool{}
	for i, p := range c.Parts {
		l := s.line(p.VariantID)
		switch {
		case l == nil:
			return nil, entrepot.Invalid(lineField(i)+".variantId", "exists", "is in no line of the transfer")
		case known[p.VariantID]:
			return nil, entrepot.Invalid(lineField(i)+".variantId", "unique", "is in an earlier line already")
		case p.Quantity < 1 || p.Quantity > l.InTransit():
			return nil, entrepot.Invalid(lineField(i)+".quantity", "range",
				"must be 1 to the %d that are in transit", l.InTransit())
		}
		known[p.VariantID] = true
	}
	return []events.Event{receiving{Receipt: Receipt{
		ID: c.ReceiptID, Parts: slices.Clone(c.Parts), Final: c.Final, Reason: c.Reason,
		By: t.Caller.UserID, At: t.Now.UnixMilli(),
	}}}, nil
}

// Cancel ends a draft, or begins to bring what is in transit back to the source.
func (s *State) Cancel(t entrepot.Turn, c Cancel) ([]events.Event, error) {
	may := s.mayMoveFrom
	if s.Status == Draft {
		may = s.mayMove
	}
	if err := may(t.Caller); err != nil {
		return nil, err
	}
	switch s.Status {
	case Cancelled, Returning:
		return nil, nil
	case Draft:
		next := *s
		next.Status = Cancelled
		return []events.Event{events.TransferCancelled{Transfer: next.public(t.Now), Reason: c.Reason}}, nil
	case InTransit:
		if s.isBooking() {
			return nil, entrepot.Unavailable("a receipt is being booked")
		}
		return []events.Event{returning{reason: c.Reason, at: t.Now.UnixMilli()}}, nil
	case Received:
		return nil, entrepot.Errorf(entrepot.CodeConflict, "a transfer that is received cannot be cancelled")
	default:
		return nil, entrepot.Unavailable("the transfer is being shipped")
	}
}

// SeenBy reports whether the caller may read the transfer: staff of either location
// and the company's admins.
func (v *Transfer) SeenBy(c entrepot.Caller) bool {
	return v.ID != "" && (c.MayReachShop(v.CompanyID, v.FromID) || c.MayReachShop(v.CompanyID, v.ToID))
}

// mayMove admits managers of either location, and the company's admins.
func (s *State) mayMove(c entrepot.Caller) error {
	switch {
	case !s.SeenBy(c):
		return entrepot.ErrNotFound
	case c.Role == entrepot.ShopStaff:
		return errStaff
	default:
		return nil
	}
}

// mayMoveFrom admits managers of the source, and the company's admins.
func (s *State) mayMoveFrom(c entrepot.Caller) error {
	err := s.mayMove(c)
	if err == nil && !c.MayReachShop(s.CompanyID, s.FromID) {
		return entrepot.Errorf(entrepot.CodeForbidden, "only managers of the source may do this")
	}
	return err
}

// mayMoveTo admits managers of the destination, and the company's admins.
func (s *State) mayMoveTo(c entrepot.Caller) error {
	err := s.mayMove(c)
	if err == nil && !c.MayReachShop(s.CompanyID, s.ToID) {
		return entrepot.Errorf(entrepot.CodeForbidden, "only managers of the destination may do this")
	}
	return err
}

// PublicStatus returns the status as clients see it.
func (v *Transfer) PublicStatus() string {
	switch v.Status {
	case reserving:
		return Shipping
	case freeing:
		return Draft
	default:
		return v.Status
	}
}

// ShipmentID returns the id of the attempt to ship in the stock items and their
// ledgers. The first attempt has the id of the transfer.
func (v *Transfer) ShipmentID() entrepot.ID {
	if v.Attempt <= 1 {
		return v.ID
	}
	return entrepot.DeriveID("shipment", v.ID, strconv.FormatInt(v.Attempt, 10))
}

// inTransit returns the pieces of all lines that are in transit.
func (s *State) inTransit() (n int64) {
	for i := range s.Lines {
		n += s.Lines[i].InTransit()
	}
	return n
}

// isBooking reports whether a receipt is being brought into stock.
func (s *State) isBooking() bool { return len(s.unbooked()) > 0 }

// clone returns a state whose lines can be changed.
func (s *State) clone() *State {
	next := *s
	next.Lines = slices.Clone(s.Lines)
	return &next
}

func (s *State) line(variant entrepot.ID) *Line {
	i := slices.IndexFunc(s.Lines, func(l Line) bool { return l.VariantID == variant })
	if i < 0 {
		return nil
	}
	return &s.Lines[i]
}

func (s *State) receipt(id entrepot.ID) *Receipt {
	i := slices.IndexFunc(s.Receipts, func(r Receipt) bool { return r.ID == id })
	if i < 0 {
		return nil
	}
	return &s.Receipts[i]
}
