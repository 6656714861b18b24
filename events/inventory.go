package events

import "entrepot"

// Kinds of stock movements, as the ledger names them.
const (
	Received  = "received"  // goods came in: on-hand rises
	Reserved  = "reserved"  // set aside for an order
	Released  = "released"  // a reservation given back
	Expired   = "expired"   // a reservation that nobody paid for in time
	Sold      = "sold"      // a reservation became a sale: on-hand and reserved fall
	Restocked = "restocked" // a sale came back: on-hand rises

	Adjusted       = "adjusted"        // corrected by hand, with a reason
	Counted        = "counted"         // a stocktake found more, fewer, or what was expected
	TransferredOut = "transferred_out" // sent to another location: on-hand falls
	TransferredIn  = "transferred_in"  // came from another location: on-hand rises
)

// InventoryUpdated is one movement of a stock item: an entry of its ledger, with
// the levels after it.
type InventoryUpdated struct {
	ItemID     entrepot.ID `json:"itemId"`
	ProductID  entrepot.ID `json:"productId"`
	VariantID  entrepot.ID `json:"variantId"` // the product's id for a product without variants
	CompanyID  entrepot.ID `json:"companyId"`
	LocationID entrepot.ID `json:"locationId"`
	Kind       string      `json:"kind"`
	Quantity   int64       `json:"quantity"`        // pieces, never negative
	Delta      int64       `json:"delta,omitempty"` // what on-hand changed by
	OrderID    entrepot.ID `json:"orderId,omitempty"`
	TransferID entrepot.ID `json:"transferId,omitempty"`
	Reference  string      `json:"reference,omitempty"` // natural id of what caused it: a delivery, a stocktake
	Reason     string      `json:"reason,omitempty"`
	Note       string      `json:"note,omitempty"`
	ExpiresMs  int64       `json:"expiresMs,omitempty"` // of a reservation, Unix milliseconds
	Direct     bool        `json:"direct,omitempty"`    // sold from what was available, its reservation being gone
	OnHand     int64       `json:"onHand"`
	Reserved   int64       `json:"reserved"`
	Available  int64       `json:"available"`
	AtMs       int64       `json:"atMs"` // Unix milliseconds
	Movement   int64       `json:"movement"`
}

// EventType is inventory.updated.
func (InventoryUpdated) EventType() string { return "inventory.updated" }
