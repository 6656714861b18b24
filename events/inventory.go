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

	Covered = "covered" // goods that came in are set aside for a reservation that was beyond on-hand
	Filled  = "filled"  // goods that came in went to a sale that was owed: on-hand falls
	Forgone = "forgone" // pieces of a sale still owed, which will not be delivered: the order came back
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
	Beyond     int64       `json:"beyond,omitempty"`    // pieces more than Quantity, which were not on hand: backordered
	OnHand     int64       `json:"onHand"`
	Reserved   int64       `json:"reserved"` // of on-hand
	Available  int64       `json:"available"`
	// What is promised beyond on-hand: in reservations, and in sales to be delivered.
	Backordered int64 `json:"backordered,omitempty"`
	Owed        int64 `json:"owed,omitempty"`
	// Cost of the pieces of a movement of on-hand, in the item's currency: of those
	// that leave first in, first out. For staff.
	Cost     entrepot.Amount `json:"cost,omitempty"`
	Currency string          `json:"currency,omitempty"`
	// Of pieces from another location: how many of Delta came without a cost, and
	// what the others were worth there at the moving average.
	Unvalued    int64           `json:"unvalued,omitempty"`
	AverageCost entrepot.Amount `json:"averageCost,omitempty"`
	// Batch is the lot that goods came in as, or that an adjustment named.
	Batch          string      `json:"batch,omitempty"`
	BatchExpiresMs int64       `json:"batchExpiresMs,omitempty"`
	Parts          []BatchPart `json:"parts,omitempty"` // the lots that pieces left from
	AtMs           int64       `json:"atMs"`            // Unix milliseconds
	Movement       int64       `json:"movement"`
}

// EventType returns the routing key.
func (InventoryUpdated) EventType() string { return "inventory.updated" }

// Change is what the movement did to on-hand and to what is reserved.
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

// StockLevel is where a stock item stands when it crosses a line.
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

// InventoryLowStock tells that available has fallen to the reorder point, once until it rises above it.
type InventoryLowStock struct{ StockLevel }

// EventType returns the routing key.
func (InventoryLowStock) EventType() string { return "inventory.low_stock" }

// InventoryOutOfStock tells that nothing is available any more, once until something is.
type InventoryOutOfStock struct{ StockLevel }

// EventType returns the routing key.
func (InventoryOutOfStock) EventType() string { return "inventory.out_of_stock" }

// InventoryConfigured tells an item's settings after somebody changed them.
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

// BatchPart is the pieces of a movement that left from one lot.
type BatchPart struct {
	Batch    string `json:"batch"`
	Quantity int64  `json:"quantity"`
	Expired  bool   `json:"expired,omitempty"` // its time had passed
}

// InventoryBatchExpired tells that a lot's time has passed: its pieces are on
// hand and no longer for sale.
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
