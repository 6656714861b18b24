package supplier

import (
	"entrepot"
	"entrepot/grains"
)

// Name is the kind's name in the cluster.
const Name = "Supplier"

// Of returns the ref of a supplier.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// Create adds a supplier to a company.
type Create struct {
	CompanyID entrepot.ID
	Details   Details
}

// Update replaces all details of a supplier.
type Update struct {
	ExpectedVersion int64 // 0: any
	Details         Details
}

// Delete deletes a supplier; its name and currency stay on record.
type Delete struct {
	ExpectedVersion int64 // 0: any
}

// Get queries a supplier.
type Get struct{}

func (Create) Answers(*Supplier) {}
func (Update) Answers(*Supplier) {}
func (Delete) Answers(*Supplier) {}
func (Get) Answers(*Supplier)    {}
