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

// EventType returns the routing key.
func (WarehouseCreated) EventType() string { return "warehouse.created" }

// WarehouseUpdated happens when anything of a warehouse changes.
type WarehouseUpdated struct{ Warehouse }

// EventType returns the routing key.
func (WarehouseUpdated) EventType() string { return "warehouse.updated" }

// WarehouseDeleted happens when a company gives a warehouse up.
type WarehouseDeleted struct {
	WarehouseID entrepot.ID `json:"warehouseId"`
	CompanyID   entrepot.ID `json:"companyId"`
	DeletedAt   time.Time   `json:"deletedAt"`
}

// EventType returns the routing key.
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

// EventType returns the routing key.
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

// EventType returns the routing key.
func (TransferCreated) EventType() string { return "transfer.created" }

// TransferUpdated happens when the lines of a draft change, and when of a cancelled
// transfer a part only went back.
type TransferUpdated struct {
	Transfer
	Note string `json:"note,omitempty"`
}

// EventType returns the routing key.
func (TransferUpdated) EventType() string { return "transfer.updated" }

// TransferShipped happens when all lines have left the source.
type TransferShipped struct {
	Transfer
	ShipmentID entrepot.ID `json:"shipmentId"` // its name in the ledgers of the stock items
}

// EventType returns the routing key.
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

// EventType returns the routing key.
func (TransferPartlyReceived) EventType() string { return "transfer.partly_received" }

// TransferReceived happens when nothing of a transfer is on its way any more.
// Discrepancies are what was shipped and did not arrive.
type TransferReceived struct {
	Transfer
	Discrepancies []TransferPart `json:"discrepancies"`
	Reason        string         `json:"reason,omitempty"`
}

// EventType returns the routing key.
func (TransferReceived) EventType() string { return "transfer.received" }

// TransferCancelled happens when a draft is given up, or when what was on its
// way is in the source's stock again.
type TransferCancelled struct {
	Transfer
	Reason string `json:"reason,omitempty"`
}

// EventType returns the routing key.
func (TransferCancelled) EventType() string { return "transfer.cancelled" }

// StocktakeOpened happens when a location's stock begins to be counted.
type StocktakeOpened struct {
	StocktakeID entrepot.ID     `json:"stocktakeId"`
	CompanyID   entrepot.ID     `json:"companyId"`
	LocationID  entrepot.ID     `json:"locationId"`
	Items       []StocktakeItem `json:"items"`
	Note        string          `json:"note,omitempty"`
	OpenedAt    time.Time       `json:"openedAt"`
}

// StocktakeItem is what a stock item had on hand when its counting was opened.
type StocktakeItem struct {
	ProductID entrepot.ID `json:"productId"`
	VariantID entrepot.ID `json:"variantId"`
	OnHand    int64       `json:"onHand"`
}

// EventType returns the routing key.
func (StocktakeOpened) EventType() string { return "stocktake.opened" }

// StocktakeClosed happens when what was counted is booked into the stock.
type StocktakeClosed struct {
	StocktakeID entrepot.ID         `json:"stocktakeId"`
	CompanyID   entrepot.ID         `json:"companyId"`
	LocationID  entrepot.ID         `json:"locationId"`
	Counted     int64               `json:"counted"`   // items
	Uncounted   int64               `json:"uncounted"` // items, left as they are
	More        int64               `json:"more"`      // pieces found beyond what was expected
	Fewer       int64               `json:"fewer"`     // pieces missing
	Variances   []StocktakeVariance `json:"variances"` // of items where the count differs
	ClosedAt    time.Time           `json:"closedAt"`
}

// StocktakeVariance is what one item was counted to differ by.
type StocktakeVariance struct {
	ProductID entrepot.ID `json:"productId"`
	VariantID entrepot.ID `json:"variantId"`
	Expected  int64       `json:"expected"` // on hand when it was counted
	Counted   int64       `json:"counted"`
	Refused   string      `json:"refused,omitempty"` // why it is not booked
}

// EventType returns the routing key.
func (StocktakeClosed) EventType() string { return "stocktake.closed" }

// StocktakeCancelled happens when a stocktake is given up; nothing is booked.
type StocktakeCancelled struct {
	StocktakeID entrepot.ID `json:"stocktakeId"`
	CompanyID   entrepot.ID `json:"companyId"`
	LocationID  entrepot.ID `json:"locationId"`
	Reason      string      `json:"reason,omitempty"`
	CancelledAt time.Time   `json:"cancelledAt"`
}

// EventType returns the routing key.
func (StocktakeCancelled) EventType() string { return "stocktake.cancelled" }

// Supplier is who a company buys from. What it asks is not told.
type Supplier struct {
	SupplierID entrepot.ID `json:"supplierId"`
	CompanyID  entrepot.ID `json:"companyId"`
	Name       string      `json:"name"`
	Currency   string      `json:"currency"`
	LeadDays   int64       `json:"leadTimeDays"`
	IsActive   bool        `json:"isActive"`
	UpdatedAt  time.Time   `json:"updatedAt"`
}

// SupplierCreated happens when a supplier becomes known.
type SupplierCreated struct{ Supplier }

// EventType returns the routing key.
func (SupplierCreated) EventType() string { return "supplier.created" }

// SupplierUpdated happens when anything of a supplier changes, its offers too.
type SupplierUpdated struct{ Supplier }

// EventType returns the routing key.
func (SupplierUpdated) EventType() string { return "supplier.updated" }

// SupplierDeleted happens when a supplier is bought from no more.
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

// PurchaseOrder is what a company buys from a supplier for a location.
type PurchaseOrder struct {
	PurchaseOrderID entrepot.ID    `json:"purchaseOrderId"`
	CompanyID       entrepot.ID    `json:"companyId"`
	LocationID      entrepot.ID    `json:"locationId"`
	SupplierID      entrepot.ID    `json:"supplierId"`
	SupplierName    string         `json:"supplierName"`
	Number          string         `json:"number,omitempty"` // from when it is ordered
	Status          string         `json:"status"`           // draft, ordered, partially_received, received, cancelled
	Currency        string         `json:"currency"`
	Lines           []PurchaseLine `json:"lines"`
	UpdatedAt       time.Time      `json:"updatedAt"`
}

// PurchaseOrderCreated happens when a purchase is drafted.
type PurchaseOrderCreated struct{ PurchaseOrder }

// EventType returns the routing key.
func (PurchaseOrderCreated) EventType() string { return "purchase_order.created" }

// PurchaseOrderUpdated happens when a draft changes.
type PurchaseOrderUpdated struct{ PurchaseOrder }

// EventType returns the routing key.
func (PurchaseOrderUpdated) EventType() string { return "purchase_order.updated" }

// PurchaseOrderOrdered happens when the purchase has its number and binds.
type PurchaseOrderOrdered struct{ PurchaseOrder }

// EventType returns the routing key.
func (PurchaseOrderOrdered) EventType() string { return "purchase_order.ordered" }

// PurchasePart is some pieces of a variant that came in.
type PurchasePart struct {
	VariantID entrepot.ID `json:"variantId"`
	Quantity  int64       `json:"quantity"`
	Batch     string      `json:"batch,omitempty"`
}

// PurchaseOrderPartlyReceived happens for every delivery that is in the
// location's stock, the last one too.
type PurchaseOrderPartlyReceived struct {
	PurchaseOrder
	ReceiptID entrepot.ID    `json:"receiptId"`
	Parts     []PurchasePart `json:"parts"`
}

// EventType returns the routing key.
func (PurchaseOrderPartlyReceived) EventType() string { return "purchase_order.partly_received" }

// PurchaseOrderReceived happens when nothing more is to come.
type PurchaseOrderReceived struct{ PurchaseOrder }

// EventType returns the routing key.
func (PurchaseOrderReceived) EventType() string { return "purchase_order.received" }

// PurchaseOrderCancelled happens when a purchase is given up; what came in stays.
type PurchaseOrderCancelled struct {
	PurchaseOrder
	Reason string `json:"reason,omitempty"`
}

// EventType returns the routing key.
func (PurchaseOrderCancelled) EventType() string { return "purchase_order.cancelled" }
