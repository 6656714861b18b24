package events

import (
	"time"

	"entrepot"
)

// Company is the public data of a tenant.
type Company struct {
	CompanyID    entrepot.ID         `json:"companyId"`
	Name         string              `json:"name"`
	Slug         string              `json:"slug"`                  // unique in the platform
	Logo         string              `json:"logo,omitempty"`        // https URL
	Description  string              `json:"description,omitempty"` // unique on the platform
	ContactInfo  CompanyContact      `json:"contactInfo"`
	Address      Address             `json:"address,omitzero"`
	Branding     Branding            `json:"branding,omitzero"`
	Settings     CompanySettings     `json:"settings"`
	Subscription CompanySubscription `json:"subscription"`
	OwnerID      entrepot.ID         `json:"ownerId,omitempty"`
	IsActive     bool                `json:"isActive"`          // false once the company is deleted
	ErasedAt     time.Time           `json:"erasedAt,omitzero"` // when a pending deletion takes effect
	CreatedAt    time.Time           `json:"createdAt"`
	UpdatedAt    time.Time           `json:"updatedAt"`
}

// CompanyContact holds a company's contact details.
type CompanyContact struct {
	Email   string `json:"email,omitempty"`
	Phone   string `json:"phone,omitempty"`
	Website string `json:"website,omitempty"` // https URL
}

// Address is a company's postal address.
type Address struct {
	Line1      string `json:"line1,omitempty"`
	Line2      string `json:"line2,omitempty"`
	City       string `json:"city,omitempty"`
	State      string `json:"state,omitempty"`
	PostalCode string `json:"postalCode,omitempty"`
	Country    string `json:"country,omitempty"` // ISO 3166-1 alpha-2
}

// Branding configures how a company's pages look.
type Branding struct {
	PrimaryColor   string `json:"primaryColor,omitempty"` // #rrggbb
	SecondaryColor string `json:"secondaryColor,omitempty"`
	Banner         string `json:"banner,omitempty"` // https URL
}

// CompanySettings holds the terms a company sells under.
type CompanySettings struct {
	Currency string `json:"currency"` // ISO 4217
	Timezone string `json:"timezone"` // IANA
	// TaxRate is a percentage with at most two decimals: 19 means 19 %. A float is exact enough for
	// a rate with two decimals.
	TaxRate float64 `json:"taxRate"`
}

// CompanySubscription is the plan a company pays for.
type CompanySubscription struct {
	Plan      string    `json:"plan"`               // free, starter, business, enterprise
	Status    string    `json:"status"`             // trial, active, past_due, suspended, cancelled
	ExpiresAt time.Time `json:"expiresAt,omitzero"` // zero: no end date
}

// CompanyCreated is published when a company joins the platform.
type CompanyCreated struct{ Company }

// EventType returns the routing key.
func (CompanyCreated) EventType() string { return "company.created" }

// CompanyUpdated is published when anything about a company changes, including its subscription and
// a pending deletion.
type CompanyUpdated struct{ Company }

// EventType returns the routing key.
func (CompanyUpdated) EventType() string { return "company.updated" }

// CompanyDeleted is published when a company is erased, after the grace period of its deletion.
type CompanyDeleted struct {
	CompanyID entrepot.ID `json:"companyId"`
	Name      string      `json:"name"`
	Slug      string      `json:"slug"`
	DeletedAt time.Time   `json:"deletedAt"`
}

// EventType returns the routing key.
func (CompanyDeleted) EventType() string { return "company.deleted" }
