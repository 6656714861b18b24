package stockwatch

import (
	"entrepot"
	"entrepot/grains"
)

// Kind is the grain's name in the cluster.
const Name = "StockWatch"

// ID is the one watch that a user has over a variant in a shop; shopID "" is any.
func ID(userID, variantID, shopID entrepot.ID) entrepot.ID {
	return entrepot.DeriveID("watch", userID, variantID, shopID)
}

// Of names one grain of the kind.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// Watch begins to wait for a variant. Who waits already goes on.
type Watch struct {
	ProductID entrepot.ID
	VariantID entrepot.ID // the product's id for a product without variants
	ShopID    entrepot.ID // empty: any location
	CompanyID entrepot.ID
	Name      string // of the product
}

// Cancel ends the waiting.
type Cancel struct{}

// Arrived says that pieces are available, by a movement of a stock item. Only the platform sends it.
type Arrived struct {
	ItemID     entrepot.ID
	LocationID entrepot.ID
	Movement   int64
	Available  int64
}

// Erase ends the waiting of a user who is no more, and forgets who it was.
type Erase struct{}

type Get struct{}

type StockWatch struct {
	ID        entrepot.ID
	ProductID entrepot.ID
	VariantID entrepot.ID
	ShopID    entrepot.ID
	CompanyID entrepot.ID
	Name      string
	Status    string // waiting, told, cancelled
	Since     int64
}

func (Watch) Answers(*StockWatch)   {}
func (Cancel) Answers(*StockWatch)  {}
func (Arrived) Answers(*StockWatch) {}
func (Erase) Answers(*StockWatch)   {}
func (Get) Answers(*StockWatch)     {}
