package events

import "entrepot"

// Kinds of stock movements, as recorded in the ledger.
const (
	Received  = "received"  // goods came in: on-hand rises
	Reserved  = "reserved"  // set aside for an order
	Released  = "released"  // a reservation was released
	Expired   = "expired"   // a reservation was not paid for in time
	Sold      = "sold"      // a reservation became a sale: on-hand and reserved fall
	Restocked = "restocked" // sold goods came back: on-hand rises

	Adjusted       = "adjusted"        // corrected by hand, with a reason
	Counted        = "counted"         // result of a stocktake, whether or not it differs from the expected level
	TransferredOut = "transferred_out" // sent to another location: on-hand falls
	TransferredIn  = "transferred_in"  // arrived from another location: on-hand rises

	Covered = "covered" // incoming goods were set aside for a backordered reservation
	Filled  = "filled"  // incoming goods filled a sale that was owed: on-hand falls
	Forgone = "forgone" // owed pieces of a sale that will not be delivered because the order was returned
)

// InventoryUpdated is one movement of a stock item: an entry of its ledger, with the levels after
// it.
type InventoryUpdated struct {
	ItemID     entrepot.ID `json:"itemId"`
	ProductID  entrepot.ID `json:"productId"`
	VariantID  entrepot.ID `json:"variantId"` // the product's id for a product without variants
	CompanyID  entrepot.ID `json:"companyId"`
	LocationID entrepot.ID `json:"locationId"`
	Kind       string      `json:"kind"`
	Quantity   int64       `json:"quantity"`        // pieces, never negative
	Delta      int64       `json:"delta,omitempty"` // change of on-hand
	OrderID    entrepot.ID `json:"orderId,omitempty"`
	TransferID entrepot.ID `json:"transferId,omitempty"`
	Reference  string      `json:"reference,omitempty"` // id of the cause in the client's system: a delivery, a stocktake
	Reason     string      `json:"reason,omitempty"`
	Note       string      `json:"note,omitempty"`
	ExpiresMs  int64       `json:"expiresMs,omitempty"` // of a reservation, Unix milliseconds
	Direct     bool        `json:"direct,omitempty"`    // sold from available stock because the reservation was gone
	Beyond     int64       `json:"beyond,omitempty"`    // backordered pieces, in addition to Quantity
	OnHand     int64       `json:"onHand"`
	Reserved   int64       `json:"reserved"` // part of on-hand
	Available  int64       `json:"available"`
	// Backordered and Owed are promised beyond on-hand: in reservations, and in sales still to be
	// delivered.
	Backordered int64 `json:"backordered,omitempty"`
	Owed        int64 `json:"owed,omitempty"`
	// Cost is the value of the moved pieces, in the item's currency; pieces leave first in, first
	// out. Only staff may see it.
	Cost     entrepot.Amount `json:"cost,omitempty"`
	Currency string          `json:"currency,omitempty"`
	// For pieces from another location: Unvalued is the part of Delta that came without a cost,
	// AverageCost the moving average of the others at the source.
	Unvalued    int64           `json:"unvalued,omitempty"`
	AverageCost entrepot.Amount `json:"averageCost,omitempty"`
	// Batch is the lot of incoming goods, or the lot named by an adjustment.
	Batch          string      `json:"batch,omitempty"`
	BatchExpiresMs int64       `json:"batchExpiresMs,omitempty"`
	Parts          []BatchPart `json:"parts,omitempty"` // the lots that the pieces were taken from
	AtMs           int64       `json:"atMs"`            // Unix milliseconds
	Movement       int64       `json:"movement"`
}

// EventType returns the routing key.
func (InventoryUpdated) EventType() string { return "inventory.updated" }

// Change returns by how much the movement changed on-hand and reserved.
func (m *InventoryUpdated) Change() (onHand, reserved int64) {
	switch m.Kind {
	case Received, Restocked, TransferredIn:
		return m.Quantity, 0
	case TransferredOut, Filled:
		return -m.Quantity, 0
	case Adjusted, Counted:
		return m.Delta, 0
	case Reserved, Covered:
		return 0, m.Quantity
	case Released, Expired:
		return 0, -m.Quantity
	case Sold:
		if m.Direct {
			return -m.Quantity, 0
		}
		return -m.Quantity, -m.Quantity
	}
	return 0, 0
}

// StockLevel is the level of a stock item when it crosses a threshold.
type StockLevel struct {
	ItemID          entrepot.ID `json:"itemId"`
	ProductID       entrepot.ID `json:"productId"`
	VariantID       entrepot.ID `json:"variantId"`
	CompanyID       entrepot.ID `json:"companyId"`
	LocationID      entrepot.ID `json:"locationId"`
	OnHand          int64       `json:"onHand"`
	Reserved        int64       `json:"reserved"`
	Available       int64       `json:"available"`
	ReorderPoint    int64       `json:"reorderPoint,omitempty"`
	ReorderQuantity int64       `json:"reorderQuantity,omitempty"`
	AtMs            int64       `json:"atMs"`
}

// InventoryLowStock is published when available falls to the reorder point, and again only after it
// has risen above it.
type InventoryLowStock struct{ StockLevel }

// EventType returns the routing key.
func (InventoryLowStock) EventType() string { return "inventory.low_stock" }

// InventoryOutOfStock is published when available falls to zero, and again only after it has risen
// above it.
type InventoryOutOfStock struct{ StockLevel }

// EventType returns the routing key.
func (InventoryOutOfStock) EventType() string { return "inventory.out_of_stock" }

// InventoryConfigured is published when the settings of a stock item change.
type InventoryConfigured struct {
	ItemID          entrepot.ID `json:"itemId"`
	ProductID       entrepot.ID `json:"productId"`
	VariantID       entrepot.ID `json:"variantId"`
	CompanyID       entrepot.ID `json:"companyId"`
	LocationID      entrepot.ID `json:"locationId"`
	ReorderPoint    int64       `json:"reorderPoint"`
	ReorderQuantity int64       `json:"reorderQuantity"`
	SafetyStock     int64       `json:"safetyStock"`
	BackorderLimit  int64       `json:"backorderLimit,omitempty"`
	BackorderEndsMs int64       `json:"backorderEndsMs,omitempty"`
	Revision        int64       `json:"revision"`
	AtMs            int64       `json:"atMs"`
}

// EventType returns the routing key.
func (InventoryConfigured) EventType() string { return "inventory.configured" }

// BatchPart is the number of pieces of a movement that were taken from one lot.
type BatchPart struct {
	Batch    string `json:"batch"`
	Quantity int64  `json:"quantity"`
	Expired  bool   `json:"expired,omitempty"` // the lot had expired
}

// InventoryBatchExpired is published when a lot expires. Its pieces stay on hand and can no longer
// be sold.
type InventoryBatchExpired struct {
	ItemID     entrepot.ID `json:"itemId"`
	ProductID  entrepot.ID `json:"productId"`
	VariantID  entrepot.ID `json:"variantId"`
	CompanyID  entrepot.ID `json:"companyId"`
	LocationID entrepot.ID `json:"locationId"`
	Batch      string      `json:"batch"`
	Quantity   int64       `json:"quantity"`
	ExpiresMs  int64       `json:"expiresMs"`
	AtMs       int64       `json:"atMs"`
}

// EventType returns the routing key.
func (InventoryBatchExpired) EventType() string { return "inventory.batch_expired" }
