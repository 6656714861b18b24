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
	// Timezone is the IANA name of the clock that the hours are read from.
	Timezone        string             `json:"timezone,omitempty"`
	HoursExceptions []OpeningException `json:"hoursExceptions,omitempty"`
	ManagerID       entrepot.ID        `json:"managerId,omitempty"`
	StaffIDs        []entrepot.ID      `json:"staffIds,omitempty"`
	IsActive        bool               `json:"isActive"`
	CreatedAt       time.Time          `json:"createdAt"`
	UpdatedAt       time.Time          `json:"updatedAt"`
}

// Location is where a shop stands.
type Location struct {
	Address     string `json:"address,omitempty"`
	City        string `json:"city,omitempty"`
	State       string `json:"state,omitempty"`
	Country     string `json:"country,omitempty"`
	Coordinates *Point `json:"coordinates,omitempty"`
}

// Point is a place on Earth in degrees (WGS 84): latitude -90 to 90, longitude
// -180 to 180.
type Point struct {
	Lat float64 `json:"lat"`
	Lng float64 `json:"lng"`
}

// ShopContact is how a shop is reached.
type ShopContact struct {
	Email   string `json:"email,omitempty"`
	Phone   string `json:"phone,omitempty"`
	Website string `json:"website,omitempty"`
}

// OpeningSpan is a time that the shop is open every week, by its own clock.
type OpeningSpan struct {
	Day   string `json:"day"`   // on which it opens, "monday"
	Open  string `json:"open"`  // "09:00"
	Close string `json:"close"` // to "24:00"; earlier than Open: on the day after
}

// OpeningException stands instead of the weekly hours that begin on a date:
// closed, or a span. Several spans of one date are several exceptions.
type OpeningException struct {
	Date   string `json:"date"` // "2026-12-24"
	Closed bool   `json:"closed,omitempty"`
	Open   string `json:"open,omitempty"`
	Close  string `json:"close,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// ShopCreated happens when a company opens a shop.
type ShopCreated struct{ Shop }

// EventType returns the routing key.
func (ShopCreated) EventType() string { return "shop.created" }

// ShopUpdated happens when what a shop says of itself is changed; who works
// there is told by [ShopStaffAssigned].
type ShopUpdated struct{ Shop }

// EventType returns the routing key.
func (ShopUpdated) EventType() string { return "shop.updated" }

// ShopDeleted happens when a company gives a shop up. Nobody works there from then on.
type ShopDeleted struct {
	ShopID    entrepot.ID `json:"shopId"`
	CompanyID entrepot.ID `json:"companyId"`
	DeletedAt time.Time   `json:"deletedAt"`
}

// EventType returns the routing key.
func (ShopDeleted) EventType() string { return "shop.deleted" }

// ShopStaffAssigned happens when who works in a shop has changed and every user's
// tokens that say otherwise are withdrawn.
type ShopStaffAssigned struct {
	ShopID     entrepot.ID   `json:"shopId"`
	CompanyID  entrepot.ID   `json:"companyId"`
	ManagerID  entrepot.ID   `json:"managerId,omitempty"` // from now on, as all of StaffIDs
	StaffIDs   []entrepot.ID `json:"staffIds"`
	Added      []entrepot.ID `json:"added,omitempty"`
	Removed    []entrepot.ID `json:"removed,omitempty"`
	AssignedBy entrepot.ID   `json:"assignedBy,omitempty"` // the admin
	UpdatedAt  time.Time     `json:"updatedAt"`
}

// EventType returns the routing key.
func (ShopStaffAssigned) EventType() string { return "shop.staff_assigned" }
