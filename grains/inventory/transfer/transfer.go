// Package transfer is goods on their way from one location of a company to
// another, and the process that takes them out of one stock and brings them into
// the other. What was shipped has arrived, was returned, is lost, or is in
// transit: the four add up at any moment, whatever dies in between.
//
// The process, as a table (the calls are in steps.go):
//
//	in this state  do that                             and on the answer
//	reserving      set all lines aside at the source   Held: shipping, or freeing when one lacks
//	freeing        give back what was set aside        Freed: draft again
//	shipping       take the lines out of the source    Shipped: in_transit
//	a receipt      bring it into the destination       Booked: received when nothing is left
//	returning      bring the rest into the source      Returned: cancelled, or in_transit
//	                                                   with what its stock refuses
//
// Nothing leaves the source before everything is set aside there, so that a
// shipment is all or nothing without ever taking pieces back.
package transfer

import (
	"strconv"
	"time"

	"entrepot"
	"entrepot/events"
)

// Statuses of a transfer. The process's own (reserving, freeing) are shown as
// shipping and draft.
const (
	Draft     = "draft"
	reserving = "reserving"
	freeing   = "freeing"
	Shipping  = "shipping"
	InTransit = "in_transit"
	Returning = "returning"
	Received  = "received"
	Cancelled = "cancelled"
)

// Limits of one transfer.
const (
	MaxLines    = 200
	MaxReceipts = 100
	MaxQuantity = 1_000_000
)

// State of a transfer. The zero State does not exist yet.
type State struct {
	ID        entrepot.ID `json:"id,omitempty"`
	CompanyID entrepot.ID `json:"companyId,omitempty"`
	FromID    entrepot.ID `json:"fromId,omitempty"`
	ToID      entrepot.ID `json:"toId,omitempty"`
	Status    string      `json:"status,omitempty"`
	Note      string      `json:"note,omitempty"`
	Lines     []Line      `json:"lines,omitempty"`
	Attempt   int64       `json:"attempt,omitempty"` // to ship; each has a shipment id of its own
	Begun     int64       `json:"begun,omitempty"`   // of the attempt, Unix ms as all times of the state
	Missing   []string    `json:"missing,omitempty"` // variants that lacked in the last attempt
	Receipts  []Receipt   `json:"receipts,omitempty"`
	Reason    string      `json:"reason,omitempty"`
	Stuck     []string    `json:"stuck,omitempty"`   // variants that the source did not take back in the last attempt
	Returns   int64       `json:"returns,omitempty"` // attempts that left some in transit
	CreatedAt int64       `json:"created,omitempty"`
	UpdatedAt int64       `json:"updated,omitempty"`
	Sent      int64       `json:"sent,omitempty"`
	EndedAt   int64       `json:"ended,omitempty"`
	Version   int64       `json:"version,omitempty"` // counts the changes, for If-Match
}

// Line is one variant. Shipped = Arrived + Returned + Lost + inTransit().
type Line struct {
	ProductID entrepot.ID `json:"productId"`
	VariantID entrepot.ID `json:"variantId"`
	SKU       string      `json:"sku,omitempty"`
	Quantity  int64       `json:"quantity"`
	Shipped   int64       `json:"shipped,omitempty"`
	Arrived   int64       `json:"arrived,omitempty"`
	Returned  int64       `json:"returned,omitempty"`
	Lost      int64       `json:"lost,omitempty"`
	UnitCost  *int64      `json:"unitCost,omitempty"` // minor units of Currency, as the source's stock had it
	Currency  string      `json:"currency,omitempty"`
	Goods     []Goods     `json:"goods,omitempty"` // what Shipped consists of, in the order it arrives
}

func (l *Line) inTransit() int64 { return l.Shipped - l.Arrived - l.Returned - l.Lost }

// Facts that only the transfer itself needs.
type (
	turned struct { // to another status of the process
		events.Private
		status  string
		missing []string
		at      int64
	}
	begun struct { // an attempt to ship
		events.Private
		at int64
	}
	shipped struct {
		events.TransferShipped
		parts []ShippedPart
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
		events.TransferPartlyReceived
		refused []string
	}
	heldBack struct { // some is in the source again, and the rest in transit still
		events.TransferUpdated
		refused []string
	}
	returning struct {
		events.Private
		reason string
		at     int64
	}
)

// sees: who runs either end, and the company's admins.
func (s *State) sees(c entrepot.Caller) bool {
	return s.ID != "" && (c.MayReachShop(s.CompanyID, s.FromID) || c.MayReachShop(s.CompanyID, s.ToID))
}

// SeenBy reports whether the caller may read the transfer, for lists.
func (s *State) SeenBy(c entrepot.Caller) bool { return s.sees(c) }

// mayAct refuses who does not run the location that acts; staff of a shop only look.
func (s *State) mayAct(c entrepot.Caller, at entrepot.ID, what string) error {
	switch {
	case !s.sees(c):
		return entrepot.ErrNotFound
	case c.Role == entrepot.ShopStaff:
		return errStaff
	case at != "" && !c.MayReachShop(s.CompanyID, at):
		return entrepot.Errorf(entrepot.CodeForbidden, "%s", what)
	default:
		return nil
	}
}

var errStaff = entrepot.Errorf(entrepot.CodeForbidden, "shop staff may not move stock")

// Why a location's command is refused to who runs the other end.
const (
	onlySource = "only who runs the source may do this"
	onlyTarget = "only who runs the destination may do this"
)

// Create drafts the transfer; who runs either end may. The edge has seen that
// both locations, and the goods, are the company's.
func (s *State) Create(t entrepot.Turn, c Create) ([]events.Event, error) {
	next := State{ID: t.ID, CompanyID: c.CompanyID, FromID: c.FromID, ToID: c.ToID, Status: Draft}
	switch {
	case s.ID != "":
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the transfer already exists")
	case !next.sees(t.Caller):
		return nil, entrepot.ErrNotFound
	case t.Caller.Role == entrepot.ShopStaff:
		return nil, errStaff
	case c.FromID == c.ToID:
		return nil, entrepot.Invalid("toLocationId", "different", "must be another location than the source")
	}
	lines, err := linesOf(c.Lines)
	if err != nil {
		return nil, err
	}
	next.Lines = lines
	return []events.Event{events.TransferCreated{Transfer: next.public(t.Now), Note: c.Note}}, nil
}

func linesOf(in []LineInput) ([]Line, error) {
	if len(in) == 0 || len(in) > MaxLines {
		return nil, entrepot.Invalid("lines", "length", "a transfer has 1 to %d lines", MaxLines)
	}
	known := map[entrepot.ID]bool{}
	var out []Line
	for i, l := range in {
		field := lineField(i)
		switch {
		case l.Quantity < 1 || l.Quantity > MaxQuantity:
			return nil, entrepot.Invalid(field+".quantity", "range", "must be 1 to %d", MaxQuantity)
		case known[l.VariantID]:
			return nil, entrepot.Invalid(field+".variantId", "unique", "stands in an earlier line already")
		}
		known[l.VariantID] = true
		out = append(out, Line{ProductID: l.ProductID, VariantID: l.VariantID, SKU: l.SKU, Quantity: l.Quantity})
	}
	return out, nil
}

// SetLines replaces what a draft asks for.
func (s *State) SetLines(t entrepot.Turn, c SetLines) ([]events.Event, error) {
	if err := s.mayAct(t.Caller, "", ""); err != nil {
		return nil, err
	}
	if err := entrepot.CheckVersion(c.ExpectedVersion, s.Version); err != nil {
		return nil, err
	}
	if s.Status != Draft {
		return nil, entrepot.Errorf(entrepot.CodeConflict, "only a draft can be changed")
	}
	lines, err := linesOf(c.Lines)
	if err != nil {
		return nil, err
	}
	next := *s
	next.Lines = lines
	return []events.Event{events.TransferUpdated{Transfer: next.public(t.Now), Note: c.Note}}, nil
}

func (s *State) line(variant entrepot.ID) *Line {
	for i := range s.Lines {
		if s.Lines[i].VariantID == variant {
			return &s.Lines[i]
		}
	}
	return nil
}

func (s *State) onTheWay() (n int64) {
	for i := range s.Lines {
		n += s.Lines[i].inTransit()
	}
	return n
}

func (s *State) createdAt() time.Time { return time.UnixMilli(s.CreatedAt).UTC() }

func lineField(i int) string { return "lines[" + strconv.Itoa(i) + "]" }
