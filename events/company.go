package events

import (
	"time"

	"entrepot"
)

// Company is the public data of a tenant.
type Company struct {
	CompanyID    entrepot.ID         `json:"companyId"`
	Name         string              `json:"name"`
	Slug         string              `json:"slug"`           // unique in the platform
	Logo         string              `json:"logo,omitempty"` // https URL
	Description  string              `json:"description,omitempty"`
	ContactInfo  CompanyContact      `json:"contactInfo"`
	Address      Address             `json:"address,omitzero"`
	Branding     Branding            `json:"branding,omitzero"`
	Settings     CompanySettings     `json:"settings"`
	Subscription CompanySubscription `json:"subscription"`
	OwnerID      entrepot.ID         `json:"ownerId,omitempty"`
	IsActive     bool                `json:"isActive"`          // false once it is deleted
	ErasedAt     time.Time           `json:"erasedAt,omitzero"` // when a deletion will be done
	CreatedAt    time.Time           `json:"createdAt"`
	UpdatedAt    time.Time           `json:"updatedAt"`
}

// CompanyContact is how the company is reached.
type CompanyContact struct {
	Email   string `json:"email,omitempty"`
	Phone   string `json:"phone,omitempty"`
	Website string `json:"website,omitempty"` // https URL
}

// Address is where a company has its seat.
type Address struct {
	Line1      string `json:"line1,omitempty"`
	Line2      string `json:"line2,omitempty"`
	City       string `json:"city,omitempty"`
	State      string `json:"state,omitempty"`
	PostalCode string `json:"postalCode,omitempty"`
	Country    string `json:"country,omitempty"` // ISO 3166-1 alpha-2
}

// Branding is how a company's pages look.
type Branding struct {
	PrimaryColor   string `json:"primaryColor,omitempty"` // #rrggbb
	SecondaryColor string `json:"secondaryColor,omitempty"`
	Banner         string `json:"banner,omitempty"` // https URL
}

// CompanySettings are what the company sells by.
type CompanySettings struct {
	Currency string `json:"currency"` // ISO 4217
	Timezone string `json:"timezone"` // IANA
	// TaxRate is in percent with at most two decimals: 19 is 19 %. It is a rate,
	// not an amount, so a float is exact enough: the number of hundredths survives.
	TaxRate float64 `json:"taxRate"`
}

// CompanySubscription is what the company pays for.
type CompanySubscription struct {
	Plan      string    `json:"plan"`               // free, starter, business, enterprise
	Status    string    `json:"status"`             // trial, active, past_due, suspended, cancelled
	ExpiresAt time.Time `json:"expiresAt,omitzero"` // zero: it does not end by itself
}

// CompanyCreated happens when the platform takes on a tenant.
type CompanyCreated struct{ Company }

// EventType returns the routing key.
func (CompanyCreated) EventType() string { return "company.created" }

// CompanyUpdated happens when anything of a company changes, its subscription
// and a deletion that is not done yet included.
type CompanyUpdated struct{ Company }

// EventType returns the routing key.
func (CompanyUpdated) EventType() string { return "company.updated" }

// CompanyDeleted happens when a company is erased, after the grace period of its
// deletion.
type CompanyDeleted struct {
	CompanyID entrepot.ID `json:"companyId"`
	Name      string      `json:"name"`
	Slug      string      `json:"slug"`
	DeletedAt time.Time   `json:"deletedAt"`
}

// EventType returns the routing key.
func (CompanyDeleted) EventType() string { return "company.deleted" }
