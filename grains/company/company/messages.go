package company

import (
	"entrepot"
	"entrepot/grains"
)

// Kind is the grain's name in the cluster.
const Name = "Company"

// Of names one grain of the kind.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

type Address struct {
	Line1      string
	Line2      string
	City       string
	State      string
	PostalCode string
	Country    string // ISO 3166-1 alpha-2
}

type Branding struct {
	PrimaryColor   string // #rrggbb
	SecondaryColor string
	Banner         string // https URL
}

// Profile is what a company says of itself.
type Profile struct {
	Name        string
	Description string
	Logo        string // https URL
	Email       string
	Phone       string
	Website     string // https URL
	Address     Address
	Branding    Branding
}

type Create struct {
	Name           string
	Slug           string // unique in the platform
	Description    string
	Email          string
	Currency       string // ISO 4217
	Timezone       string // IANA
	TaxBasisPoints int64  // 1900 = 19 %
	OwnerID        entrepot.ID
	Plan           string  // default free
	TrialUntil     int64   // 0: active at once
	Profile        Profile // what else it says of itself; name, description and email are above
}

// Update replaces the profile, and by super admins slug and owner. Answered with the company.
type Update struct {
	ExpectedVersion int64 // 0: whatever it is
	Profile         Profile
	Slug            string      // empty: as it is
	OwnerID         entrepot.ID // empty: as it is
}

// SetSettings changes what the company sells by; fields that are absent stay. The currency never changes.
type SetSettings struct {
	ExpectedVersion int64
	Timezone        *string
	TaxBasisPoints  *int64
}

// SetSubscription changes plan and standing. Only super admins send it. Answered when every member can know.
type SetSubscription struct {
	ExpectedVersion int64
	Plan            string
	Status          string // trial, active, past_due, suspended, cancelled
	ExpiresAt       int64  // Unix ms; 0: it does not end by itself
}

// Delete closes the company at once and erases it after the grace period.
type Delete struct {
	ExpectedVersion int64
	GraceMs         int64
}

// Restore takes a deletion back before it is done.
type Restore struct{}

// StandingKnown answers the step: the access grain knows the standing.
type StandingKnown struct {
	Version int64
}

// Quota asks the platform's question before something is made: how many of a resource the plan allows (0: any number),
// and at which point of the company's makings.
type Quota struct {
	Resource string // shops, products, staff
}

type Allowed struct {
	Limit int64
	Made  int64 // how many makings have ended
}

// Claim announces that an entity is about to be made. existing was counted after Quota answered made. Refused as stale
// when a making has ended since, as unavailable while others are being made and could be too many, as a conflict
// (plan_limit) when there are too many.
type Claim struct {
	Resource string
	EntityID entrepot.ID
	Existing int64
	Made     int64
	Several  int64 // how many entities are made under this claim; 0: one
}

// Made ends a claim, whatever came of it. A claim whose maker died ends by itself.
type Made struct {
	EntityID entrepot.ID
}

type Get struct{}

type Company struct {
	ID             entrepot.ID
	Name           string
	Slug           string
	Description    string
	Email          string
	Currency       string
	Timezone       string
	TaxBasisPoints int64
	OwnerID        entrepot.ID
	IsActive       bool
	CreatedAt      int64
	UpdatedAt      int64
	Profile        Profile
	Plan           string
	Status         string
	ExpiresAt      int64
	Standing       string // full, read_only, closed
	EraseAt        int64  // when a deletion will be done; 0: not deleted
	Version        int64
}

func (Create) Answers(*Company)          {}
func (Update) Answers(*Company)          {}
func (SetSettings) Answers(*Company)     {}
func (SetSubscription) Answers(*Company) {}
func (Delete) Answers(*Company)          {}
func (Restore) Answers(*Company)         {}
func (StandingKnown) Answers(*Company)   {}
func (Quota) Answers(*Allowed)           {}
func (Claim) Answers(*Allowed)           {}
func (Made) Answers(*Allowed)            {}
func (Get) Answers(*Company)             {}
