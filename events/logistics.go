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
