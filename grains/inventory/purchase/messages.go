package purchase

import (
	"entrepot"
	"entrepot/grains"
)

// Kind is the grain's name in the cluster.
const Name = "PurchaseOrder"

// Of names one grain of the kind.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

type Create struct {
	CompanyID    entrepot.ID
	LocationID   entrepot.ID
	SupplierID   entrepot.ID
	SupplierName string
	Currency     string
	Terms        Terms
}

type SetTerms struct {
	ExpectedVersion int64 // 0: whatever it is
	Terms           Terms
}

// Order draws the number and makes the draft binding.
type Order struct{}

type PartInput struct {
	VariantID entrepot.ID
	Quantity  int64
	UnitCost  *int64 // unset: as ordered
	Batch     string
	ExpiresOn int64
}

// Receive brings parts into the location's stock. Its natural id is receipt_id.
type Receive struct {
	ReceiptID entrepot.ID
	Parts     []PartInput
	Final     bool // nothing more is to come
}

type Cancel struct {
	Reason string
}

type Get struct{}

// Answers of the process.
type Numbered struct {
	Number int64
}

type Booked struct {
	ReceiptID entrepot.ID
	Refused   []string // variants
}

type Purchase struct {
	ID           entrepot.ID
	CompanyID    entrepot.ID
	LocationID   entrepot.ID
	SupplierID   entrepot.ID
	SupplierName string
	Number       string
	Status       string // draft, ordered, partially_received, received, cancelled
	Currency     string
	Terms        Terms
	Receipts     []ReceiptMsg
	Reason       string
	CreatedAt    int64
	UpdatedAt    int64
	OrderedAt    int64
	EndedAt      int64
	Version      int64
}

type ReceiptMsg struct {
	ID      entrepot.ID
	Parts   []PartInput
	Final   bool
	By      string
	At      int64
	Booked  bool
	Refused []string
}

func (Create) Answers(*Purchase)   {}
func (SetTerms) Answers(*Purchase) {}
func (Order) Answers(*Purchase)    {}
func (Receive) Answers(*Purchase)  {}
func (Cancel) Answers(*Purchase)   {}
func (Get) Answers(*Purchase)      {}
func (Numbered) Answers(*Purchase) {}
func (Booked) Answers(*Purchase)   {}
