package events

import (
	"time"

	"entrepot"
)

// Warehouse is the public data of a warehouse.
type Warehouse struct {
	WarehouseID   entrepot.ID   `json:"warehouseId"`
	CompanyID     entrepot.ID   `json:"companyId"`
	Name          string        `json:"name"`
	Code          string        `json:"code"` // unique in the company
	Location      Location      `json:"location"`
	ServesShopIDs []entrepot.ID `json:"servesShopIds"` // whose orders may be sent from here
	Priority      int64         `json:"priority"`      // among the locations of a shop; lower first
	IsActive      bool          `json:"isActive"`      // false: nothing is sent from here
	CreatedAt     time.Time     `json:"createdAt"`
	UpdatedAt     time.Time     `json:"updatedAt"`
}

// WarehouseCreated happens when a company opens a warehouse.
type WarehouseCreated struct{ Warehouse }

// EventType is the routing key.
func (WarehouseCreated) EventType() string { return "warehouse.created" }

// WarehouseUpdated happens when anything of a warehouse changes.
type WarehouseUpdated struct{ Warehouse }

// EventType is the routing key.
func (WarehouseUpdated) EventType() string { return "warehouse.updated" }

// WarehouseDeleted happens when a company gives a warehouse up.
type WarehouseDeleted struct {
	WarehouseID entrepot.ID `json:"warehouseId"`
	CompanyID   entrepot.ID `json:"companyId"`
	DeletedAt   time.Time   `json:"deletedAt"`
}

// EventType is the routing key.
func (WarehouseDeleted) EventType() string { return "warehouse.deleted" }

// SourcingUpdated happens when a company says how a shop's orders choose among
// the locations that serve it.
type SourcingUpdated struct {
	ShopID       entrepot.ID `json:"shopId"`
	CompanyID    entrepot.ID `json:"companyId"`
	Strategy     string      `json:"strategy"` // priority, most_stock, nearest
	ShopPriority int64       `json:"shopPriority"`
	UpdatedAt    time.Time   `json:"updatedAt"`
}

// EventType is the routing key.
func (SourcingUpdated) EventType() string { return "sourcing.updated" }

// TransferLine is one variant of a transfer: shipped = arrived + returned + lost
// + what is still in transit.
type TransferLine struct {
	ProductID entrepot.ID `json:"productId"`
	VariantID entrepot.ID `json:"variantId"`
	SKU       string      `json:"sku,omitempty"`
	Quantity  int64       `json:"quantity"` // that was asked for
	Shipped   int64       `json:"shipped"`
	Arrived   int64       `json:"arrived"`
	Returned  int64       `json:"returned,omitempty"`
	Lost      int64       `json:"lost,omitempty"`
}

// Transfer is goods on their way from one location of a company to another.
type Transfer struct {
	TransferID entrepot.ID    `json:"transferId"`
	CompanyID  entrepot.ID    `json:"companyId"`
	FromID     entrepot.ID    `json:"fromLocationId"`
	ToID       entrepot.ID    `json:"toLocationId"`
	Status     string         `json:"status"` // draft, in_transit, received, cancelled
	Lines      []TransferLine `json:"lines"`
	UpdatedAt  time.Time      `json:"updatedAt"`
}

// TransferCreated happens when a transfer is drafted.
type TransferCreated struct {
	Transfer
	Note string `json:"note,omitempty"`
}

// EventType is the routing key.
func (TransferCreated) EventType() string { return "transfer.created" }

// TransferUpdated happens when the lines of a draft change.
type TransferUpdated struct {
	Transfer
	Note string `json:"note,omitempty"`
}

// EventType is the routing key.
func (TransferUpdated) EventType() string { return "transfer.updated" }

// TransferShipped happens when all lines have left the source.
type TransferShipped struct {
	Transfer
	ShipmentID entrepot.ID `json:"shipmentId"` // its name in the ledgers of the stock items
}

// EventType is the routing key.
func (TransferShipped) EventType() string { return "transfer.shipped" }

// TransferPart is some pieces of a variant.
type TransferPart struct {
	VariantID entrepot.ID `json:"variantId"`
	Quantity  int64       `json:"quantity"`
}

// TransferPartlyReceived happens for every receipt that is in the destination's
// stock, the last one too.
type TransferPartlyReceived struct {
	Transfer
	ReceiptID entrepot.ID    `json:"receiptId"`
	Parts     []TransferPart `json:"parts"`
}

// EventType is the routing key.
func (TransferPartlyReceived) EventType() string { return "transfer.partly_received" }

// TransferReceived happens when nothing of a transfer is on its way any more.
// Discrepancies are what was shipped and did not arrive.
type TransferReceived struct {
	Transfer
	Discrepancies []TransferPart `json:"discrepancies"`
	Reason        string         `json:"reason,omitempty"`
}

// EventType is the routing key.
func (TransferReceived) EventType() string { return "transfer.received" }

// TransferCancelled happens when a draft is given up, or when what was on its
// way is in the source's stock again.
type TransferCancelled struct {
	Transfer
	Reason string `json:"reason,omitempty"`
}

// EventType is the routing key.
func (TransferCancelled) EventType() string { return "transfer.cancelled" }
