package supplier

import (
	"entrepot"
	"entrepot/grains"
)

// Kind is the grain's name in the cluster.
const Name = "Supplier"

// Of names one grain of the kind.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

type Create struct {
	CompanyID entrepot.ID
	Details   Details
}

// Update sets all of a supplier.
type Update struct {
	ExpectedVersion int64 // 0: whatever it is
	Details         Details
}

type Delete struct {
	ExpectedVersion int64 // 0: whatever it is
}

type Get struct{}

type Supplier struct {
	ID        entrepot.ID
	CompanyID entrepot.ID
	Details   Details
	CreatedAt int64
	UpdatedAt int64
	Version   int64
}

func (Create) Answers(*Supplier) {}
func (Update) Answers(*Supplier) {}
func (Delete) Answers(*Supplier) {}
func (Get) Answers(*Supplier)    {}
