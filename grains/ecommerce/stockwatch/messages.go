package stockwatch

import (
	"entrepot"
	"entrepot/grains"
)

// Name is the kind's name in the cluster.
const Name = "StockWatch"

// ID returns the id of a user's only watch of a variant in a shop; shopID "" means any shop.
func ID(userID, variantID, shopID entrepot.ID) entrepot.ID {
	return entrepot.DeriveID("watch", userID, variantID, shopID)
}

// Of returns the ref of a watch; its id comes from [ID].
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// Watch starts to wait for a variant. A watch that waits already stays as it is.
type Watch struct {
	ProductID entrepot.ID
	VariantID entrepot.ID // the product's id for a product without variants
	ShopID    entrepot.ID // empty: any location
	CompanyID entrepot.ID
	Name      string // of the product
}

// Cancel stops waiting.
type Cancel struct{}

// Arrived reports that a movement of a stock item left available stock. Only the platform sends it.
type Arrived struct {
	ItemID     entrepot.ID
	LocationID entrepot.ID
	Movement   int64 // its number among the movements of the item
	Available  int64 // after the movement
}

// Erase cancels the watch of a deleted user and removes the user's id.
type Erase struct{}

// Get returns the watch to its customer.
type Get struct{}

// StockWatch is a watch as its customer sees it.
type StockWatch struct {
	ID        entrepot.ID `json:"id,omitempty"`
	ProductID entrepot.ID `json:"productId,omitempty"`
	VariantID entrepot.ID `json:"variantId,omitempty"`
	ShopID    entrepot.ID `json:"shopId,omitempty"` // empty: any location
	CompanyID entrepot.ID `json:"companyId,omitempty"`
	Name      string      `json:"name,omitempty"`   // of the product
	Status    string      `json:"status,omitempty"` // Waiting, Told or Cancelled
	Since     int64       `json:"since,omitempty"`  // Unix ms
}

func (Watch) Answers(*StockWatch)   {}
func (Cancel) Answers(*StockWatch)  {}
func (Arrived) Answers(*StockWatch) {}
func (Erase) Answers(*StockWatch)   {}
func (Get) Answers(*StockWatch)     {}
