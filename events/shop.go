package events

import (
	"time"

	"entrepot"
)

// Shop is the public data of a shop.
type Shop struct {
	ShopID    entrepot.ID   `json:"shopId"`
	CompanyID entrepot.ID   `json:"companyId"`
	Name      string        `json:"name"`
	Location  Location      `json:"location"`
	ManagerID entrepot.ID   `json:"managerId,omitempty"`
	StaffIDs  []entrepot.ID `json:"staffIds,omitempty"`
	IsActive  bool          `json:"isActive"`
	CreatedAt time.Time     `json:"createdAt"`
	UpdatedAt time.Time     `json:"updatedAt"`
}

// Location is where a shop stands.
type Location struct {
	Address string `json:"address,omitempty"`
	City    string `json:"city,omitempty"`
	Country string `json:"country,omitempty"`
}

// ShopCreated happens when a company opens a shop.
type ShopCreated struct{ Shop }

// EventType is the routing key.
func (ShopCreated) EventType() string { return "shop.created" }
