package warehouse

import (
	"entrepot"
	"entrepot/grains"
)

// Kind is the grain's name in the cluster.
const Name = "Warehouse"

// Of names one grain of the kind.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

type DetailsInput struct {
	Name          string
	Code          string // unique in the company
	Address       string
	City          string
	State         string
	Country       string
	Point         *Point // unset: unknown
	ServesShopIDs []entrepot.ID
	Priority      int64 // lower first
	IsActive      bool
}

type Point struct {
	Lat float64
	Lng float64
}

type Create struct {
	CompanyID entrepot.ID
	Details   DetailsInput
}

// Update sets all that a warehouse says of itself.
type Update struct {
	ExpectedVersion int64 // 0: whatever it is
	Details         DetailsInput
}

type Delete struct {
	ExpectedVersion int64 // 0: whatever it is
}

type Get struct{}

type Warehouse struct {
	ID        entrepot.ID
	CompanyID entrepot.ID
	Details   DetailsInput
	CreatedAt int64
	UpdatedAt int64
	Version   int64
}

// Sourced is the answer of a shop's sourcing to what it was told.
type Sourced struct {
	ShopID  entrepot.ID
	Version int64
	Refused bool // the shop is served by as many as may be
}

func (Create) Answers(*Warehouse)  {}
func (Update) Answers(*Warehouse)  {}
func (Delete) Answers(*Warehouse)  {}
func (Get) Answers(*Warehouse)     {}
func (Sourced) Answers(*Warehouse) {}
