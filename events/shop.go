package events

import (
	"time"

	"entrepot"
)

// Shop is the public data of a shop.
type Shop struct {
	ShopID         entrepot.ID   `json:"shopId"`
	CompanyID      entrepot.ID   `json:"companyId"`
	Name           string        `json:"name"`
	Location       Location      `json:"location"`
	ContactInfo    ShopContact   `json:"contactInfo,omitzero"`
	OperatingHours []OpeningSpan `json:"operatingHours,omitempty"`
	// Timezone is the IANA name of the time zone that the hours refer to.
	Timezone        string             `json:"timezone,omitempty"`
	HoursExceptions []OpeningException `json:"hoursExceptions,omitempty"`
	ManagerID       entrepot.ID        `json:"managerId,omitempty"`
	StaffIDs        []entrepot.ID      `json:"staffIds,omitempty"`
	IsActive        bool               `json:"isActive"`
	CreatedAt       time.Time          `json:"createdAt"`
	UpdatedAt       time.Time          `json:"updatedAt"`
}

// Location is the place of a shop.
type Location struct {
	Address     string `json:"address,omitempty"`
	City        string `json:"city,omitempty"`
	State       string `json:"state,omitempty"`
	Country     string `json:"country,omitempty"`
	Coordinates *Point `json:"coordinates,omitempty"`
}

// Point is a place on Earth in degrees (WGS 84): latitude -90 to 90, longitude -180 to 180.
type Point struct {
	Lat float64 `json:"lat"`
	Lng float64 `json:"lng"`
}

// ShopContact holds a shop's contact details.
type ShopContact struct {
	Email   string `json:"email,omitempty"`
	Phone   string `json:"phone,omitempty"`
	Website string `json:"website,omitempty"`
}

// OpeningSpan is a weekly opening time in the shop's time zone.
type OpeningSpan struct {
	Day   string `json:"day"`   // day on which it opens, "monday"
	Open  string `json:"open"`  // "09:00"
	Close string `json:"close"` // up to "24:00"; earlier than Open: on the next day
}

// OpeningException replaces the weekly hours that begin on a date, either with a closed day or with
// a span. Several spans on one date are several exceptions.
type OpeningException struct {
	Date   string `json:"date"` // "2026-12-24"
	Closed bool   `json:"closed,omitempty"`
	Open   string `json:"open,omitempty"`
	Close  string `json:"close,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// ShopCreated is published when a company opens a shop.
type ShopCreated struct{ Shop }

// EventType returns the routing key.
func (ShopCreated) EventType() string { return "shop.created" }

// ShopUpdated is published when a shop's own data changes. Staff changes publish
// [ShopStaffAssigned].
type ShopUpdated struct{ Shop }

// EventType returns the routing key.
func (ShopUpdated) EventType() string { return "shop.updated" }

// ShopDeleted is published when a company closes a shop. All staff assignments end with it.
type ShopDeleted struct {
	ShopID    entrepot.ID `json:"shopId"`
	CompanyID entrepot.ID `json:"companyId"`
	DeletedAt time.Time   `json:"deletedAt"`
}

// EventType returns the routing key.
func (ShopDeleted) EventType() string { return "shop.deleted" }

// ShopStaffAssigned is published when the staff of a shop has changed and the outdated tokens of
// the users concerned are revoked.
type ShopStaffAssigned struct {
	ShopID     entrepot.ID   `json:"shopId"`
	CompanyID  entrepot.ID   `json:"companyId"`
	ManagerID  entrepot.ID   `json:"managerId,omitempty"` // after the change, like StaffIDs
	StaffIDs   []entrepot.ID `json:"staffIds"`
	Added      []entrepot.ID `json:"added,omitempty"`
	Removed    []entrepot.ID `json:"removed,omitempty"`
	AssignedBy entrepot.ID   `json:"assignedBy,omitempty"` // the administrator
	UpdatedAt  time.Time     `json:"updatedAt"`
}

// EventType returns the routing key.
func (ShopStaffAssigned) EventType() string { return "shop.staff_assigned" }

// ShippingUpdated is published when the shipping rules of a shop or of a company are set.
type ShippingUpdated struct {
	CompanyID entrepot.ID    `json:"companyId"`
	ShopID    entrepot.ID    `json:"shopId,omitempty"` // empty: the company's rules, for shops without their own
	Currency  string         `json:"currency"`
	Taxed     bool           `json:"taxed,omitempty"` // at the company's rate
	Zones     []ShippingZone `json:"zones"`
	UpdatedAt time.Time      `json:"updatedAt"`
}

// ShippingZone is a set of destinations and the methods offered there.
type ShippingZone struct {
	Name        string           `json:"name"`
	Countries   []string         `json:"countries,omitempty"`   // ISO 3166-1 alpha-2; empty: all other countries
	PostalCodes []string         `json:"postalCodes,omitempty"` // prefixes; empty: all
	Methods     []ShippingMethod `json:"methods"`
}

// ShippingMethod is a way of shipping with its price for one order of a shop.
type ShippingMethod struct {
	ID            string          `json:"id"`
	Name          string          `json:"name"`
	Price         entrepot.Amount `json:"price"`
	SubtotalSteps []SubtotalStep  `json:"subtotalSteps,omitempty"`
	PieceSteps    []PieceStep     `json:"pieceSteps,omitempty"`
	FreeFrom      entrepot.Amount `json:"freeFrom,omitempty"` // goods subtotal from which shipping is free
}

// SubtotalStep is the price of orders whose goods subtotal is at least From.
type SubtotalStep struct {
	From  entrepot.Amount `json:"from"`
	Price entrepot.Amount `json:"price"`
}

// PieceStep is the price of orders with at least From pieces.
type PieceStep struct {
	From  int64           `json:"from"`
	Price entrepot.Amount `json:"price"`
}

// EventType returns the routing key.
func (ShippingUpdated) EventType() string { return "shipping.updated" }

// ShippingRemoved is published when the shipping rules of a shop or of a company are removed.
type ShippingRemoved struct {
	CompanyID entrepot.ID `json:"companyId"`
	ShopID    entrepot.ID `json:"shopId,omitempty"`
	RemovedAt time.Time   `json:"removedAt"`
}

// EventType returns the routing key.
func (ShippingRemoved) EventType() string { return "shipping.removed" }
