package warehouse

import (
	"entrepot"
	"entrepot/grains"
)

// Name is the kind's name in the cluster.
const Name = "Warehouse"

// Of returns the ref of a warehouse.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// Create adds a warehouse to a company. The reply to this and the other commands
// waits until the sourcing of every affected shop has the change.
type Create struct {
	CompanyID entrepot.ID
	Details   Details
}

// Update replaces all details of a warehouse.
type Update struct {
	ExpectedVersion int64 // 0: any
	Details         Details
}

// Delete deletes a warehouse; its stock items stay on record.
type Delete struct {
	ExpectedVersion int64 // 0: any
}

// Get queries a warehouse.
type Get struct{}

func (Create) Answers(*Warehouse) {}
func (Update) Answers(*Warehouse) {}
func (Delete) Answers(*Warehouse) {}
func (Get) Answers(*Warehouse)    {}
