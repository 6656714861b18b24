// Package company is one tenant: its profile, its settings, its subscription and the
// resulting standing of its people.
//
// Commands: Create, Update, SetSettings (company.go); SetSubscription, Delete,
// Restore (subscription.go); Claim, EndClaim (quota.go). Queries: Get, Quota. By time:
// subscriptions end, deleted companies are erased, and abandoned claims end.
// Persisted: the whole [State].
package company

import (
	"math"
	"strings"
	"time"

	"entrepot"
	"entrepot/events"
)

// State is a company. The zero State does not exist yet.
type State struct {
	Company

	Since int64 `json:"since,omitempty"` // Unix ms; when the status began

	StandingVersion int64 `json:"standingVersion,omitempty"` // counts the changes of the standing
	StandingKnown   int64 `json:"standingKnown,omitempty"`   // the version that the access grain has

	Claims []claim `json:"claims,omitempty"`
	Made   int64   `json:"made,omitempty"` // counts the ended claims
}

// MaxTaxBasisPoints is a tax of 100 %.
const MaxTaxBasisPoints = 10_000

const (
	maxZone = 64
	maxSlug = 63 // that of a DNS label, because a slug may become a host name
)

// Create creates the company.
func (s *State) Create(t entrepot.Turn, c Create) ([]events.Event, error) {
	if !isPlatform(t.Caller) {
		return nil, entrepot.Errorf(entrepot.CodeForbidden, "only super admins create companies")
	}
	if s.ID != "" {
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the company already exists")
	}
	if err := check(c); err != nil {
		return nil, err
	}
	if err := c.Profile.check(); err != nil {
		return nil, err
	}
	zone, plan, status := c.Timezone, c.Plan, Active
	if zone == "" {
		zone = "UTC"
	}
	if plan == "" {
		plan = Free
	}
	if c.TrialUntil != 0 {
		status = Trial
	}
	e := events.Company{
		CompanyID: t.ID, Slug: c.Slug, Settings: events.CompanySettings{
			Currency: c.Currency, Timezone: zone, TaxRate: float64(c.TaxBasisPoints) / 100,
		},
		Subscription: events.CompanySubscription{Plan: plan, Status: status, ExpiresAt: timeOf(c.TrialUntil)},
		OwnerID:      c.OwnerID, IsActive: true, CreatedAt: t.Now, UpdatedAt: t.Now,
	}
	c.Profile.publish(&e)
	if err := checkSubscription(t, plan, status, c.TrialUntil); err != nil {
		return nil, err
	}
	return []events.Event{events.CompanyCreated{Company: e}}, nil
}

// isPlatform reports whether the caller acts for the platform.
func isPlatform(c entrepot.Caller) bool {
	return c.Role == entrepot.SuperAdmin || c.Role == entrepot.System
}

func check(c Create) error {
	switch {
	case !validSlug(c.Slug):
		return errSlug
	case !entrepot.ValidCurrency(c.Currency):
		return entrepot.Invalid("settings.currency", "currency", "must be an ISO 4217 code such as EUR")
	case c.OwnerID != "" && !entrepot.ValidID(c.OwnerID):
		return entrepot.Invalid("ownerId", "id", "must be a user id")
	default:
		return checkSettings(c.TaxBasisPoints, c.Timezone)
	}
}

func checkSettings(tax int64, zone string) error {
	if tax < 0 || tax > MaxTaxBasisPoints {
		return entrepot.Invalid("settings.taxRate", "range", "must be from 0 to 100 percent")
	}
	if len(zone) > maxZone { // the edge checks whether the zone exists: that takes reading a file
		return entrepot.Invalid("settings.timezone", "maxLength", "must be an IANA time zone such as Europe/Berlin")
	}
	return nil
}

var errSlug = entrepot.Invalid("slug", "slug", "must be 1 to %d lower-case letters, digits and inner hyphens", maxSlug)

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

func (p *Profile) check() error {
	if strings.TrimSpace(p.Name) == "" {
		return entrepot.Invalid("name", "required", "must be given")
	}
	for _, f := range []struct{ name, value string }{
		{"logo", p.Logo}, {"contactInfo.website", p.Website}, {"branding.banner", p.Branding.Banner},
	} {
		if f.value != "" && !strings.HasPrefix(f.value, "https://") {
			return entrepot.Invalid(f.name, "url", "must start with https://")
		}
	}
	return nil
}

// publish sets the profile of an event.
func (p *Profile) publish(e *events.Company) {
	e.Name, e.Description, e.Logo = p.Name, p.Description, p.Logo
	e.ContactInfo = events.CompanyContact{Email: p.Email, Phone: p.Phone, Website: p.Website}
	e.Address, e.Branding = p.Address, p.Branding
}

// mayAdminister lets the platform and the company's admins change it. An erased
// company cannot be changed.
func (s *State) mayAdminister(c entrepot.Caller) error {
	switch {
	case s.ID == "" || s.IsErased || !c.MayReachCompany(s.ID):
		return entrepot.ErrNotFound
	case !c.Administers(s.ID):
		return entrepot.Errorf(entrepot.CodeForbidden, "only admins change companies")
	default:
		return nil
	}
}

// Update replaces the profile. Only super admins change the slug, which other sites
// link to, and the owner.
func (s *State) Update(t entrepot.Turn, c Update) ([]events.Event, error) {
	if err := s.mayAdminister(t.Caller); err != nil {
		return nil, err
	}
	if err := entrepot.CheckVersion(c.ExpectedVersion, s.Version); err != nil {
		return nil, err
	}
	e, p := s.public(), c.Profile
	if c.Slug != "" && c.Slug != s.Slug {
		e.Slug = c.Slug
	}
	if c.OwnerID != "" && c.OwnerID != s.OwnerID {
		e.OwnerID = c.OwnerID
	}
	switch {
	case (e.Slug != s.Slug || e.OwnerID != s.OwnerID) && !isPlatform(t.Caller):
		return nil, entrepot.Errorf(entrepot.CodeForbidden, "only super admins change slug and owner")
	case !validSlug(e.Slug):
		return nil, errSlug
	case e.OwnerID != "" && !entrepot.ValidID(e.OwnerID):
		return nil, entrepot.Invalid("ownerId", "id", "must be a user id")
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	if p == s.Profile && e.Slug == s.Slug && e.OwnerID == s.OwnerID {
		return nil, nil
	}
	p.publish(&e)
	e.UpdatedAt = t.Now
	return []events.Event{events.CompanyUpdated{Company: e}}, nil
}

// SetSettings changes time zone and tax rate. The currency stays, because prices and
// sums are in it.
func (s *State) SetSettings(t entrepot.Turn, c SetSettings) ([]events.Event, error) {
	if err := s.mayAdminister(t.Caller); err != nil {
		return nil, err
	}
	if err := entrepot.CheckVersion(c.ExpectedVersion, s.Version); err != nil {
		return nil, err
	}
	zone, tax := s.Timezone, s.TaxBasisPoints
	if c.Timezone != nil {
		zone = *c.Timezone
	}
	if c.TaxBasisPoints != nil {
		tax = *c.TaxBasisPoints
	}
	if err := checkSettings(tax, zone); err != nil {
		return nil, err
	}
	if zone == s.Timezone && tax == s.TaxBasisPoints {
		return nil, nil
	}
	e := s.public()
	e.Settings.Timezone, e.Settings.TaxRate, e.UpdatedAt = zone, float64(tax)/100, t.Now
	return []events.Event{events.CompanyUpdated{Company: e}}, nil
}

// public returns the published data.
func (s *State) public() events.Company {
	e := events.Company{
		CompanyID: s.ID, Slug: s.Slug,
		Settings: events.CompanySettings{
			Currency: s.Currency, Timezone: s.Timezone, TaxRate: float64(s.TaxBasisPoints) / 100,
		},
		Subscription: events.CompanySubscription{Plan: s.Plan, Status: s.Status, ExpiresAt: timeOf(s.ExpiresAt)},
		OwnerID:      s.OwnerID, IsActive: s.EraseAt == 0, ErasedAt: timeOf(s.EraseAt),
		CreatedAt: s.createdAt(), UpdatedAt: time.UnixMilli(s.UpdatedAt).UTC(),
	}
	s.Profile.publish(&e)
	return e
}

// Get returns the company to its staff, to the platform and to customers. The edge
// shows customers less.
func (s *State) Get(t entrepot.Turn, _ Get) (*Company, error) {
	if s.ID == "" || s.IsErased || (t.Caller.Role != entrepot.Customer && !t.Caller.MayReachCompany(s.ID)) {
		return nil, entrepot.ErrNotFound
	}
	return s.view(), nil
}

// view returns a copy of the company.
func (s *State) view() *Company {
	c := s.Company
	return &c
}

func (s *State) createdAt() time.Time { return time.UnixMilli(s.CreatedAt).UTC() }

func timeOf(ms int64) (t time.Time) {
	if ms != 0 {
		t = time.UnixMilli(ms).UTC()
	}
	return t
}

func msOf(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// Apply changes the state by one fact.
func (s *State) Apply(e events.Event) {
	switch f := e.(type) {
	case events.CompanyCreated:
		s.CreatedAt = f.CreatedAt.UnixMilli()
		s.become(f.Company)
	case events.CompanyUpdated:
		s.become(f.Company)
	case events.CompanyDeleted:
		*s = State{
			Company: Company{
				ID: s.ID, IsErased: true, CreatedAt: s.CreatedAt, UpdatedAt: f.DeletedAt.UnixMilli(),
				Version: s.Version + 1, Standing: s.Standing,
			},
			StandingVersion: s.StandingVersion, StandingKnown: s.StandingKnown,
		}
	default:
		s.applyQuota(e)
		s.applyStanding(e)
	}
}

// become sets the published data and the standing that follows from it.
func (s *State) become(c events.Company) {
	s.ID, s.Slug = c.CompanyID, c.Slug
	s.Profile = Profile{
		Name: c.Name, Description: c.Description, Logo: c.Logo, Address: c.Address, Branding: c.Branding,
		Email: c.ContactInfo.Email, Phone: c.ContactInfo.Phone, Website: c.ContactInfo.Website,
	}
	s.Currency, s.Timezone = c.Settings.Currency, c.Settings.Timezone
	s.TaxBasisPoints = int64(math.Round(c.Settings.TaxRate * 100))
	s.OwnerID, s.UpdatedAt = c.OwnerID, c.UpdatedAt.UnixMilli()
	s.Version++
	if s.Status != c.Subscription.Status {
		s.Since = s.UpdatedAt
	}
	s.Plan, s.Status = c.Subscription.Plan, c.Subscription.Status
	s.ExpiresAt, s.EraseAt = msOf(c.Subscription.ExpiresAt), msOf(c.ErasedAt)
	s.stand(s.UpdatedAt)
}
