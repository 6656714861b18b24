// Package company is one tenant: its name in the platform and the settings it
// sells by.
//
// Commands: Create. Queries: Get. Persisted: the whole [State].
package company

import (
	"math"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains/company/companypb"
)

// State is a company. The zero State does not exist yet.
type State struct {
	ID             entrepot.ID `json:"id,omitempty"`
	Name           string      `json:"name,omitempty"`
	Slug           string      `json:"slug,omitempty"`
	Description    string      `json:"description,omitempty"`
	Email          string      `json:"email,omitempty"`
	Currency       string      `json:"currency,omitempty"`
	Timezone       string      `json:"timezone,omitempty"`
	TaxBasisPoints int64       `json:"taxBasisPoints,omitempty"` // hundredths of a percent: 1900 = 19 %
	OwnerID        entrepot.ID `json:"ownerId,omitempty"`
	IsActive       bool        `json:"isActive,omitempty"`
	Created        int64       `json:"created,omitempty"` // Unix ms
	Updated        int64       `json:"updated,omitempty"` // Unix ms
}

// MaxTaxBasisPoints is a tax of 100 %.
const MaxTaxBasisPoints = 10_000

const maxSlug = 63 // a DNS label: a slug may become a host name

// Create takes the tenant on.
func (s *State) Create(t entrepot.Turn, c *companypb.Create) ([]events.Event, error) {
	if r := t.Caller.Role; r != entrepot.SuperAdmin && r != entrepot.System {
		return nil, entrepot.Errorf(entrepot.CodeForbidden, "only a super admin creates companies")
	}
	if s.ID != "" {
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the company already exists")
	}
	if err := check(c); err != nil {
		return nil, err
	}
	zone := c.Timezone
	if zone == "" {
		zone = "UTC"
	}
	return []events.Event{events.CompanyCreated{Company: events.Company{
		CompanyID: t.ID, Name: c.Name, Slug: c.Slug, Description: c.Description,
		ContactInfo: events.CompanyContact{Email: c.Email},
		Settings:    events.CompanySettings{Currency: c.Currency, Timezone: zone, TaxRate: float64(c.TaxBasisPoints) / 100},
		OwnerID:     c.OwnerId, IsActive: true, CreatedAt: t.Now, UpdatedAt: t.Now,
	}}}, nil
}

func check(c *companypb.Create) error {
	switch {
	case c.Name == "":
		return entrepot.Invalid("name", "required", "must be given")
	case !validSlug(c.Slug):
		return entrepot.Invalid("slug", "slug", "must be 1 to %d lower-case letters, digits and inner hyphens", maxSlug)
	case !entrepot.ValidCurrency(c.Currency):
		return entrepot.Invalid("settings.currency", "currency", "must be an ISO 4217 code such as EUR")
	case c.TaxBasisPoints < 0 || c.TaxBasisPoints > MaxTaxBasisPoints:
		return entrepot.Invalid("settings.taxRate", "range", "must be 0 to 100 percent")
	case c.OwnerId != "" && !entrepot.ValidID(c.OwnerId):
		return entrepot.Invalid("ownerId", "id", "must be a user id")
	default:
		return nil
	}
}

func validSlug(s string) bool {
	if s == "" || len(s) > maxSlug || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// Apply changes the state by one fact.
func (s *State) Apply(e events.Event) {
	switch f := e.(type) {
	case events.CompanyCreated:
		s.ID, s.Name, s.Slug, s.Description = f.CompanyID, f.Name, f.Slug, f.Description
		s.Email, s.Currency, s.Timezone = f.ContactInfo.Email, f.Settings.Currency, f.Settings.Timezone
		s.TaxBasisPoints = int64(math.Round(f.Settings.TaxRate * 100))
		s.OwnerID, s.IsActive = f.OwnerID, f.IsActive
		s.Created, s.Updated = f.CreatedAt.UnixMilli(), f.UpdatedAt.UnixMilli()
	}
}

// Get answers the company to its staff, to the platform, and to customers, who
// need its currency and tax; the edge shows them less.
func (s *State) Get(t entrepot.Turn, _ *companypb.Get) (*companypb.Company, error) {
	if s.ID == "" || (t.Caller.Role != entrepot.Customer && !t.Caller.MayReachCompany(s.ID)) {
		return nil, entrepot.ErrNotFound
	}
	return s.View(), nil
}

// View is the whole company.
func (s *State) View() *companypb.Company {
	return &companypb.Company{
		Id: s.ID, Name: s.Name, Slug: s.Slug, Description: s.Description, Email: s.Email,
		Currency: s.Currency, Timezone: s.Timezone, TaxBasisPoints: s.TaxBasisPoints, OwnerId: s.OwnerID,
		IsActive: s.IsActive, CreatedMs: s.Created, UpdatedMs: s.Updated,
	}
}

func (s *State) createdAt() time.Time { return time.UnixMilli(s.Created).UTC() }
