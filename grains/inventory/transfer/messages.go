package transfer

import (
	"entrepot"
	"entrepot/events"
	"entrepot/grains"
)

// Name is the kind's name in the cluster.
const Name = "Transfer"

// Of returns the ref of a transfer.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// Create drafts a transfer. Only the product, variant, SKU and quantity of its lines count.
type Create struct {
	CompanyID entrepot.ID
	FromID    entrepot.ID
	ToID      entrepot.ID
	Lines     []Line
	Note      string
}

// SetLines replaces the lines and the note of a draft.
type SetLines struct {
	ExpectedVersion int64 // 0: any
	Lines           []Line
	Note            string
}

// Ship takes all lines out of the source, or none. The reply waits until the goods
// are in transit, or is CodeOutOfStock with the lines that lack pieces.
type Ship struct{}

// Receive brings parts into the stock of the destination. The reply waits until they
// are booked. The command is idempotent by ReceiptID.
type Receive struct {
	ReceiptID entrepot.ID
	Parts     []events.TransferPart
	Final     bool   // pieces that have not arrived are lost
	Reason    string // of the loss
}

// Cancel ends a draft, or brings what is in transit back to the source. The reply
// waits until the goods are back.
type Cancel struct {
	Reason string
}

// Get queries a transfer.
type Get struct{}

func (Create) Answers(*Transfer)   {}
func (SetLines) Answers(*Transfer) {}
func (Ship) Answers(*Transfer)     {}
func (Receive) Answers(*Transfer)  {}
func (Cancel) Answers(*Transfer)   {}
func (Get) Answers(*Transfer)      {}
