package company

import (
	"entrepot"
	"entrepot/events"
	"entrepot/grains"
)

// Name is the kind's name in the cluster.
const Name = "Company"

// Of returns the ref of a company.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// Create creates the company. Only super admins and the platform send it.
type Create struct {
	Slug           string // unique in the platform
	Profile        Profile
	Currency       string // ISO 4217
	Timezone       string // IANA; default UTC
	TaxBasisPoints int64  // 1900 = 19 %
	OwnerID        entrepot.ID
	Plan           string // default Free
	TrialUntil     int64  // Unix ms; 0: active without a trial
}

// Update replaces the profile. The company's admins send it; only super admins
// change slug and owner.
type Update struct {
	ExpectedVersion int64 // 0: any
	Profile         Profile
	Slug            string      // empty: unchanged
	OwnerID         entrepot.ID // empty: unchanged
}

// SetSettings changes the time zone and the tax rate; nil leaves a field unchanged.
// The company's admins send it.
type SetSettings struct {
	ExpectedVersion int64   // 0: any
	Timezone        *string // IANA
	TaxBasisPoints  *int64
}

// SetSubscription changes plan, status and end of the subscription. The reply waits
// until the access grain has the standing. Only super admins send it.
type SetSubscription struct {
	ExpectedVersion int64  // 0: any
	Plan            string // one of [Plans]
	Status          string // Trial, Active, PastDue, Suspended, Cancelled
	ExpiresAt       int64  // Unix ms; 0: never
}

// Delete closes the company at once and erases it after the grace period. The reply
// waits until the access grain has the standing. Only super admins send it.
type Delete struct {
	ExpectedVersion int64 // 0: any
	GraceMs         int64
}

// Restore cancels a deletion during its grace period. The reply waits until the
// access grain has the standing. Only super admins send it.
type Restore struct{}

// Quota returns how many entities of a resource the plan allows, and the number of
// the last ended claim. Only the platform sends it, before an entity is created.
type Quota struct {
	Resource string // Shops, Products, Staff
}

// Allowed is the reply to Quota.
type Allowed struct {
	Limit int64 // 0: any number
	Made  int64 // number of ended claims
}

// Claim announces the creation of an entity. Existing was counted after Quota replied
// Made. It is refused with CodeStale when a claim has ended since, with
// CodeUnavailable while others are being created and could be too many, and with
// CodePlanLimit when the plan allows no more. Only the platform sends it.
type Claim struct {
	Resource string // Shops, Products, Staff
	EntityID entrepot.ID
	Existing int64
	Made     int64
	Several  int64 // entities created under this claim; 0: one
}

// EndClaim ends a claim, whether the entity was created or not. A claim whose creator
// has died ends by itself. Only the platform sends it.
type EndClaim struct {
	EntityID entrepot.ID
}

// Get returns the company to its staff, to the platform, and to customers, because
// they need its currency and tax rate.
type Get struct{}

// Profile is a company's description of itself.
type Profile struct {
	Name        string          `json:"name,omitempty"`
	Description string          `json:"description,omitempty"`
	Logo        string          `json:"logo,omitempty"` // https URL
	Email       string          `json:"email,omitempty"`
	Phone       string          `json:"phone,omitempty"`
	Website     string          `json:"website,omitempty"` // https URL
	Address     events.Address  `json:"address"`
	Branding    events.Branding `json:"branding"`
}

// Company is a company; its JSON is part of the saved state.
type Company struct {
	ID             entrepot.ID `json:"id,omitempty"`
	Slug           string      `json:"slug,omitempty"`
	Profile        Profile     `json:"profile"`
	Currency       string      `json:"currency,omitempty"`       // ISO 4217
	Timezone       string      `json:"timezone,omitempty"`       // IANA
	TaxBasisPoints int64       `json:"taxBasisPoints,omitempty"` // 1900 = 19 %
	OwnerID        entrepot.ID `json:"ownerId,omitempty"`
	CreatedAt      int64       `json:"created,omitempty"` // Unix ms
	UpdatedAt      int64       `json:"updated,omitempty"` // Unix ms
	Version        int64       `json:"version,omitempty"` // counts the changes, for If-Match

	Plan      string `json:"plan,omitempty"`
	Status    string `json:"status,omitempty"`
	ExpiresAt int64  `json:"expires,omitempty"`  // Unix ms, of the subscription; 0: never
	EraseAt   int64  `json:"eraseAt,omitempty"`  // Unix ms; when a deletion becomes final; 0: not deleted
	IsErased  bool   `json:"isErased,omitempty"` // only the id is left

	Standing string `json:"standing,omitempty"` // of its people: full, read_only, closed
}

// IsActive reports whether the company is neither deleted nor erased.
func (c *Company) IsActive() bool { return c.EraseAt == 0 && !c.IsErased }

func (Create) Answers(*Company)          {}
func (Update) Answers(*Company)          {}
func (SetSettings) Answers(*Company)     {}
func (SetSubscription) Answers(*Company) {}
func (Delete) Answers(*Company)          {}
func (Restore) Answers(*Company)         {}
func (Quota) Answers(*Allowed)           {}
func (Claim) Answers(*Allowed)           {}
func (EndClaim) Answers(*Allowed)        {}
func (Get) Answers(*Company)             {}
