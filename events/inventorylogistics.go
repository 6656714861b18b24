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
	ServesShopIDs []entrepot.ID `json:"servesShopIds"` // shops whose orders may be shipped from here
	Priority      int64         `json:"priority"`      // among the locations of a shop; lower goes first
	IsActive      bool          `json:"isActive"`      // false: nothing is shipped from here
	CreatedAt     time.Time     `json:"createdAt"`
	UpdatedAt     time.Time     `json:"updatedAt"`
}

// WarehouseCreated is published when a company opens a warehouse.
type WarehouseCreated struct{ Warehouse }

// EventType returns the routing key.
func (WarehouseCreated) EventType() string { return "warehouse.created" }

// WarehouseUpdated is published when anything about a warehouse changes.
type WarehouseUpdated struct{ Warehouse }

// EventType returns the routing key.
func (WarehouseUpdated) EventType() string { return "warehouse.updated" }

// WarehouseDeleted is published when a company closes a warehouse.
type WarehouseDeleted struct {
	WarehouseID entrepot.ID `json:"warehouseId"`
	CompanyID   entrepot.ID `json:"companyId"`
	DeletedAt   time.Time   `json:"deletedAt"`
}

// EventType returns the routing key.
func (WarehouseDeleted) EventType() string { return "warehouse.deleted" }

// SourcingUpdated is published when a company sets how a shop's orders choose among the locations
// that serve it.
type SourcingUpdated struct {
	ShopID       entrepot.ID `json:"shopId"`
	CompanyID    entrepot.ID `json:"companyId"`
	Strategy     string      `json:"strategy"` // priority, most_stock, nearest
	ShopPriority int64       `json:"shopPriority"`
	UpdatedAt    time.Time   `json:"updatedAt"`
}

// EventType returns the routing key.
func (SourcingUpdated) EventType() string { return "sourcing.updated" }

// TransferLine is one variant of a transfer. Shipped equals arrived + returned + lost + pieces in
// transit.
type TransferLine struct {
	ProductID entrepot.ID `json:"productId"`
	VariantID entrepot.ID `json:"variantId"`
	SKU       string      `json:"sku,omitempty"`
	Quantity  int64       `json:"quantity"` // requested
	Shipped   int64       `json:"shipped"`
	Arrived   int64       `json:"arrived"`
	Returned  int64       `json:"returned,omitempty"`
	Lost      int64       `json:"lost,omitempty"`
}

// Transfer describes goods that move from one location of a company to another.
type Transfer struct {
	TransferID entrepot.ID    `json:"transferId"`
	CompanyID  entrepot.ID    `json:"companyId"`
	FromID     entrepot.ID    `json:"fromLocationId"`
	ToID       entrepot.ID    `json:"toLocationId"`
	Status     string         `json:"status"` // draft, in_transit, received, cancelled
	Lines      []TransferLine `json:"lines"`
	UpdatedAt  time.Time      `json:"updatedAt"`
}

// TransferCreated is published when a transfer is drafted.
type TransferCreated struct {
	Transfer
	Note string `json:"note,omitempty"`
}

// EventType returns the routing key.
func (TransferCreated) EventType() string { return "transfer.created" }

// TransferUpdated is published when the lines of a draft change, and when a part of a cancelled
// transfer has returned.
type TransferUpdated struct {
	Transfer
	Note string `json:"note,omitempty"`
}

// EventType returns the routing key.
func (TransferUpdated) EventType() string { return "transfer.updated" }

// TransferShipped is published when all lines have left the source.
type TransferShipped struct {
	Transfer
	ShipmentID entrepot.ID `json:"shipmentId"` // the shipment's id in the ledgers of the stock items
}

// EventType returns the routing key.
func (TransferShipped) EventType() string { return "transfer.shipped" }

// TransferPart is a number of pieces of one variant.
type TransferPart struct {
	VariantID entrepot.ID `json:"variantId"`
	Quantity  int64       `json:"quantity"`
}

// TransferPartlyReceived is published for every receipt once it is in the destination's stock,
// including the last one.
type TransferPartlyReceived struct {
	Transfer
	ReceiptID entrepot.ID    `json:"receiptId"`
	Parts     []TransferPart `json:"parts"`
}

// EventType returns the routing key.
func (TransferPartlyReceived) EventType() string { return "transfer.partly_received" }

// TransferReceived is published when nothing of a transfer is in transit any more. Discrepancies
// lists pieces that were shipped and did not arrive.
type TransferReceived struct {
	Transfer
	Discrepancies []TransferPart `json:"discrepancies"`
	Reason        string         `json:"reason,omitempty"`
}

// EventType returns the routing key.
func (TransferReceived) EventType() string { return "transfer.received" }

// TransferCancelled is published when a draft is discarded, or when the shipped goods are back in
// the source's stock.
type TransferCancelled struct {
	Transfer
	Reason string `json:"reason,omitempty"`
}

// EventType returns the routing key.
func (TransferCancelled) EventType() string { return "transfer.cancelled" }

// StocktakeOpened is published when counting the stock of a location begins.
type StocktakeOpened struct {
	StocktakeID entrepot.ID     `json:"stocktakeId"`
	CompanyID   entrepot.ID     `json:"companyId"`
	LocationID  entrepot.ID     `json:"locationId"`
	Items       []StocktakeItem `json:"items"`
	Note        string          `json:"note,omitempty"`
	OpenedAt    time.Time       `json:"openedAt"`
}

// StocktakeItem is the on-hand level of a stock item when the stocktake was opened.
type StocktakeItem struct {
	ProductID entrepot.ID `json:"productId"`
	VariantID entrepot.ID `json:"variantId"`
	OnHand    int64       `json:"onHand"`
}

// EventType returns the routing key.
func (StocktakeOpened) EventType() string { return "stocktake.opened" }

// StocktakeClosed is published when the counts are booked into stock.
type StocktakeClosed struct {
	StocktakeID entrepot.ID         `json:"stocktakeId"`
	CompanyID   entrepot.ID         `json:"companyId"`
	LocationID  entrepot.ID         `json:"locationId"`
	Counted     int64               `json:"counted"`   // items
	Uncounted   int64               `json:"uncounted"` // items that keep their level
	More        int64               `json:"more"`      // pieces found beyond the expected level
	Fewer       int64               `json:"fewer"`     // pieces missing
	Variances   []StocktakeVariance `json:"variances"` // items whose count differs
	ClosedAt    time.Time           `json:"closedAt"`
}

// StocktakeVariance is the difference between the count and the expected level of one item.
type StocktakeVariance struct {
	ProductID entrepot.ID `json:"productId"`
	VariantID entrepot.ID `json:"variantId"`
	Expected  int64       `json:"expected"` // on hand at the time of the count
	Counted   int64       `json:"counted"`
	Refused   string      `json:"refused,omitempty"` // why the difference was not booked
}

// EventType returns the routing key.
func (StocktakeClosed) EventType() string { return "stocktake.closed" }

// StocktakeCancelled is published when a stocktake is abandoned; nothing is booked.
type StocktakeCancelled struct {
	StocktakeID entrepot.ID `json:"stocktakeId"`
	CompanyID   entrepot.ID `json:"companyId"`
	LocationID  entrepot.ID `json:"locationId"`
	Reason      string      `json:"reason,omitempty"`
	CancelledAt time.Time   `json:"cancelledAt"`
}

// EventType returns the routing key.
func (StocktakeCancelled) EventType() string { return "stocktake.cancelled" }

// Supplier is the public data of a supplier. Its prices are not published.
type Supplier struct {
	SupplierID entrepot.ID `json:"supplierId"`
	CompanyID  entrepot.ID `json:"companyId"`
	Name       string      `json:"name"`
	Currency   string      `json:"currency"`
	LeadDays   int64       `json:"leadTimeDays"`
	IsActive   bool        `json:"isActive"`
	UpdatedAt  time.Time   `json:"updatedAt"`
}

// SupplierCreated is published when a company adds a supplier.
type SupplierCreated struct{ Supplier }

// EventType returns the routing key.
func (SupplierCreated) EventType() string { return "supplier.created" }

// SupplierUpdated is published when anything about a supplier changes, including its offers.
type SupplierUpdated struct{ Supplier }

// EventType returns the routing key.
func (SupplierUpdated) EventType() string { return "supplier.updated" }

// SupplierDeleted is published when a company removes a supplier.
type SupplierDeleted struct {
	SupplierID entrepot.ID `json:"supplierId"`
	CompanyID  entrepot.ID `json:"companyId"`
	DeletedAt  time.Time   `json:"deletedAt"`
}

// EventType returns the routing key.
func (SupplierDeleted) EventType() string { return "supplier.deleted" }

// PurchaseLine is one variant of a purchase order.
type PurchaseLine struct {
	ProductID   entrepot.ID     `json:"productId"`
	VariantID   entrepot.ID     `json:"variantId"`
	SKU         string          `json:"sku,omitempty"`
	SupplierSKU string          `json:"supplierSku,omitempty"`
	Quantity    int64           `json:"quantity"`
	Received    int64           `json:"received"`
	UnitCost    entrepot.Amount `json:"unitCost"`
}

// PurchaseOrder is an order of goods from a supplier for one location.
type PurchaseOrder struct {
	PurchaseOrderID entrepot.ID    `json:"purchaseOrderId"`
	CompanyID       entrepot.ID    `json:"companyId"`
	LocationID      entrepot.ID    `json:"locationId"`
	SupplierID      entrepot.ID    `json:"supplierId"`
	SupplierName    string         `json:"supplierName"`
	Number          string         `json:"number,omitempty"` // assigned when it is ordered
	Status          string         `json:"status"`           // draft, ordered, partially_received, received, cancelled
	Currency        string         `json:"currency"`
	Lines           []PurchaseLine `json:"lines"`
	UpdatedAt       time.Time      `json:"updatedAt"`
}

// PurchaseOrderCreated is published when a purchase order is drafted.
type PurchaseOrderCreated struct{ PurchaseOrder }

// EventType returns the routing key.
func (PurchaseOrderCreated) EventType() string { return "purchase_order.created" }

// PurchaseOrderUpdated is published when a draft changes.
type PurchaseOrderUpdated struct{ PurchaseOrder }

// EventType returns the routing key.
func (PurchaseOrderUpdated) EventType() string { return "purchase_order.updated" }

// PurchaseOrderOrdered is published when a purchase order gets its number and becomes binding.
type PurchaseOrderOrdered struct{ PurchaseOrder }

// EventType returns the routing key.
func (PurchaseOrderOrdered) EventType() string { return "purchase_order.ordered" }

// PurchasePart is a number of received pieces of one variant.
type PurchasePart struct {
	VariantID entrepot.ID `json:"variantId"`
	Quantity  int64       `json:"quantity"`
	Batch     string      `json:"batch,omitempty"`
}

// PurchaseOrderPartlyReceived is published for every delivery once it is in the location's stock,
// including the last one.
type PurchaseOrderPartlyReceived struct {
	PurchaseOrder
	ReceiptID entrepot.ID    `json:"receiptId"`
	Parts     []PurchasePart `json:"parts"`
}

// EventType returns the routing key.
func (PurchaseOrderPartlyReceived) EventType() string { return "purchase_order.partly_received" }

// PurchaseOrderReceived is published when nothing more is expected.
type PurchaseOrderReceived struct{ PurchaseOrder }

// EventType returns the routing key.
func (PurchaseOrderReceived) EventType() string { return "purchase_order.received" }

// PurchaseOrderCancelled is published when a purchase order is cancelled. Pieces already received
// stay in stock.
type PurchaseOrderCancelled struct {
	PurchaseOrder
	Reason string `json:"reason,omitempty"`
}

// EventType returns the routing key.
func (PurchaseOrderCancelled) EventType() string { return "purchase_order.cancelled" }
