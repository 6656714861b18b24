package events

import (
	"time"

	"entrepot"
)

// Company is the public data of a tenant.
type Company struct {
	CompanyID   entrepot.ID     `json:"companyId"`
	Name        string          `json:"name"`
	Slug        string          `json:"slug"` // unique in the platform
	Description string          `json:"description,omitempty"`
	ContactInfo CompanyContact  `json:"contactInfo"`
	Settings    CompanySettings `json:"settings"`
	OwnerID     entrepot.ID     `json:"ownerId,omitempty"`
	IsActive    bool            `json:"isActive"`
	CreatedAt   time.Time       `json:"createdAt"`
	UpdatedAt   time.Time       `json:"updatedAt"`
}

// CompanyContact is how the company is reached.
type CompanyContact struct {
	Email string `json:"email,omitempty"`
}

// CompanySettings are what the company sells by.
type CompanySettings struct {
	Currency string `json:"currency"` // ISO 4217
	Timezone string `json:"timezone"` // IANA
	// TaxRate is in percent with at most two decimals: 19 is 19 %. It is a rate,
	// not an amount, so a float is exact enough: the number of hundredths survives.
	TaxRate float64 `json:"taxRate"`
}

// CompanyCreated happens when the platform takes on a tenant.
type CompanyCreated struct{ Company }

// EventType is the routing key.
func (CompanyCreated) EventType() string { return "company.created" }
