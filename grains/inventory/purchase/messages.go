package purchase

import (
	"entrepot"
	"entrepot/grains"
)

// Name is the kind's name in the cluster.
const Name = "PurchaseOrder"

// Of returns the ref of a purchase order.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// Create drafts a purchase order.
type Create struct {
	CompanyID    entrepot.ID
	LocationID   entrepot.ID
	SupplierID   entrepot.ID
	SupplierName string
	Currency     string
	Terms        Terms // Received of its lines is ignored
}

// SetTerms replaces the terms of a draft.
type SetTerms struct {
	ExpectedVersion int64 // 0: any
	Terms           Terms
}

// Order makes a draft binding. The reply waits until the purchase order has its number.
type Order struct{}

// Receive brings a delivery into the stock of the location. The reply waits until
// the delivery is booked. The command is idempotent by ReceiptID.
type Receive struct {
	ReceiptID entrepot.ID
	Parts     []Part
	Final     bool // no more deliveries are expected
}

// Cancel ends a purchase order; what has been received stays in stock.
type Cancel struct {
	Reason string
}

// Get queries a purchase order.
type Get struct{}

func (Create) Answers(*Purchase)   {}
func (SetTerms) Answers(*Purchase) {}
func (Order) Answers(*Purchase)    {}
func (Receive) Answers(*Purchase)  {}
func (Cancel) Answers(*Purchase)   {}
func (Get) Answers(*Purchase)      {}
