package transfer

import (
	"entrepot"
	"entrepot/grains"
)

// Kind is the grain's name in the cluster.
const Name = "Transfer"

// Of names one grain of the kind.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

type LineInput struct {
	ProductID entrepot.ID
	VariantID entrepot.ID // resolved
	SKU       string
	Quantity  int64
}

type Create struct {
	CompanyID entrepot.ID
	FromID    entrepot.ID
	ToID      entrepot.ID
	Lines     []LineInput
	Note      string
}

// SetLines replaces the lines and the note of a draft.
type SetLines struct {
	ExpectedVersion int64 // 0: whatever it is
	Lines           []LineInput
	Note            string
}

// Ship takes all lines out of the source, or none.
type Ship struct{}

type Part struct {
	VariantID entrepot.ID
	Quantity  int64
}

// Receive brings parts in at the destination. Its natural id is receipt_id.
type Receive struct {
	ReceiptID entrepot.ID
	Parts     []Part
	Final     bool   // what has not arrived then is lost
	Reason    string // of what is lost
}

type Cancel struct {
	Reason string
}

type Get struct{}

// Held: which variants could not be set aside at the source.
type Held struct {
	ShipmentID entrepot.ID
	Missing    []string
}

// Shipped: what left the source.
type Shipped struct {
	ShipmentID entrepot.ID
	Parts      []ShippedPart
}

type ShippedPart struct {
	VariantID entrepot.ID
	Quantity  int64
	UnitCost  *int64 // of the pieces that have a cost, on average
	Currency  string
	Goods     []Goods
}

// Freed: nothing is set aside for the shipment any more.
type Freed struct {
	ShipmentID entrepot.ID
}

// Booked: a receipt is in the destination's stock, less the variants that it refused.
type Booked struct {
	ReceiptID entrepot.ID
	Refused   []string
}

// Returned: what was in transit is in the source's stock again, but for the
// variants that it refused.
type Returned struct {
	Refused []string
	Attempt int64
}

type Transfer struct {
	ID         entrepot.ID
	CompanyID  entrepot.ID
	FromID     entrepot.ID
	ToID       entrepot.ID
	Status     string // draft, shipping, in_transit, returning, received, cancelled
	Note       string
	Lines      []LineView
	Receipts   []ReceiptView
	ShipmentID entrepot.ID // its name in the ledgers of the stock items
	Reason     string      // of what was lost, or of the cancellation
	CreatedAt  int64
	UpdatedAt  int64
	ShippedAt  int64
	EndedAt    int64
	Version    int64
}

// LineView: shipped = arrived + returned + lost + in_transit.
type LineView struct {
	ProductID entrepot.ID
	VariantID entrepot.ID
	SKU       string
	Quantity  int64
	Shipped   int64
	Arrived   int64
	Returned  int64
	Lost      int64
	InTransit int64
	UnitCost  *int64
	Currency  string
	Goods     []Goods // what was shipped
}

type ReceiptView struct {
	ID      entrepot.ID
	Parts   []Part
	Final   bool
	By      string
	At      int64
	Refused []string
	Booked  bool
}

func (Create) Answers(*Transfer)   {}
func (SetLines) Answers(*Transfer) {}
func (Ship) Answers(*Transfer)     {}
func (Receive) Answers(*Transfer)  {}
func (Cancel) Answers(*Transfer)   {}
func (Get) Answers(*Transfer)      {}
func (Held) Answers(*Transfer)     {}
func (Shipped) Answers(*Transfer)  {}
func (Freed) Answers(*Transfer)    {}
func (Booked) Answers(*Transfer)   {}
func (Returned) Answers(*Transfer) {}
