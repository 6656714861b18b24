// Package company is one tenant: what it says of itself, the settings it sells
// by, its subscription and what that lets its people do.
//
// Commands: Create, Update, SetSettings; SetSubscription, Delete, Restore
// (subscription.go); Claim, Made (quota.go); StandingKnown (of its steps).
// Queries: Get, Quota. Persisted: the whole [State].
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
	ID             entrepot.ID `json:"id,omitempty"`
	Slug           string      `json:"slug,omitempty"`
	Profile        profile     `json:"profile"`
	Currency       string      `json:"currency,omitempty"`
	Timezone       string      `json:"timezone,omitempty"`
	TaxBasisPoints int64       `json:"taxBasisPoints,omitempty"` // hundredths of a percent: 1900 = 19 %
	OwnerID        entrepot.ID `json:"ownerId,omitempty"`
	CreatedAt      int64       `json:"created,omitempty"` // Unix ms, as all times of the state
	UpdatedAt      int64       `json:"updated,omitempty"`
	Version        int64       `json:"version,omitempty"` // counts the changes, for If-Match

	Plan      string `json:"plan,omitempty"`
	Status    string `json:"status,omitempty"`
	Since     int64  `json:"since,omitempty"`    // of the status
	ExpiresAt int64  `json:"expires,omitempty"`  // of the subscription; 0: never
	EraseAt   int64  `json:"eraseAt,omitempty"`  // when a deletion will be done; 0: not deleted
	IsErased  bool   `json:"isErased,omitempty"` // only the id is left

	Standing        string `json:"standing,omitempty"`
	StandingVersion int64  `json:"standingVersion,omitempty"` // counts its changes
	StandingKnown   int64  `json:"standingKnown,omitempty"`   // the last that the access grain has

	Claims []claim `json:"claims,omitempty"`
	Made   int64   `json:"made,omitempty"` // claims that have ended
}

// profile is what a company says of itself.
type profile struct {
	Name        string          `json:"name,omitempty"`
	Description string          `json:"description,omitempty"`
	Logo        string          `json:"logo,omitempty"`
	Email       string          `json:"email,omitempty"`
	Phone       string          `json:"phone,omitempty"`
	Website     string          `json:"website,omitempty"`
	Address     events.Address  `json:"address"`
	Branding    events.Branding `json:"branding"`
}

// MaxTaxBasisPoints is a tax of 100 %.
const MaxTaxBasisPoints = 10_000

const maxZone = 64

const maxSlug = 63 // a DNS label: a slug may become a host name

// Create takes the tenant on.
func (s *State) Create(t entrepot.Turn, c Create) ([]events.Event, error) {
	if !isPlatform(t.Caller) {
		return nil, entrepot.Errorf(entrepot.CodeForbidden, "only a super admin creates companies")
	}
	if s.ID != "" {
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the company already exists")
	}
	if err := check(c); err != nil {
		return nil, err
	}
	p := profileOf(c.Profile)
	p.Name, p.Description, p.Email = c.Name, c.Description, c.Email
	if err := p.check(); err != nil {
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
	p.tell(&e)
	if err := checkSubscription(t, plan, status, c.TrialUntil); err != nil {
		return nil, err
	}
	return []events.Event{events.CompanyCreated{Company: e}}, nil
}

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
		return entrepot.Invalid("settings.taxRate", "range", "must be 0 to 100 percent")
	}
	if len(zone) > maxZone { // whether there is such a zone is a file's to say, and so the edge's
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

func profileOf(p Profile) profile {
	a, b := p.Address, p.Branding
	return profile{
		Name: p.Name, Description: p.Description, Logo: p.Logo, Email: p.Email, Phone: p.Phone, Website: p.Website,
		Address: events.Address{
			Line1: a.Line1, Line2: a.Line2, City: a.City, State: a.State, PostalCode: a.PostalCode, Country: a.Country,
		},
		Branding: events.Branding{PrimaryColor: b.PrimaryColor, SecondaryColor: b.SecondaryColor, Banner: b.Banner},
	}
}

func (p *profile) check() error {
	if strings.TrimSpace(p.Name) == "" {
		return entrepot.Invalid("name", "required", "must be given")
	}
	for _, f := range []struct{ name, value string }{
		{"logo", p.Logo}, {"contactInfo.website", p.Website}, {"branding.banner", p.Branding.Banner},
	} {
		if f.value != "" && !strings.HasPrefix(f.value, "https://") {
			return entrepot.Invalid(f.name, "url", "must begin with https://")
		}
	}
	return nil
}

// tell puts the profile into what events say.
func (p *profile) tell(e *events.Company) {
	e.Name, e.Description, e.Logo = p.Name, p.Description, p.Logo
	e.ContactInfo = events.CompanyContact{Email: p.Email, Phone: p.Phone, Website: p.Website}
	e.Address, e.Branding = p.Address, p.Branding
}

// administered: the platform and the company's own admins, who see it; nobody
// administers what is erased.
func (s *State) administered(c entrepot.Caller) error {
	switch {
	case s.ID == "" || s.IsErased || !c.MayReachCompany(s.ID):
		return entrepot.ErrNotFound
	case !c.Administers(s.ID):
		return entrepot.Errorf(entrepot.CodeForbidden, "only admins change a company")
	default:
		return nil
	}
}

// Update replaces what the company says of itself. Its slug, by which others
// know it, and its owner are the platform's to change.
func (s *State) Update(t entrepot.Turn, c Update) ([]events.Event, error) {
	if err := s.administered(t.Caller); err != nil {
		return nil, err
	}
	if err := entrepot.CheckVersion(c.ExpectedVersion, s.Version); err != nil {
		return nil, err
	}
	e, p := s.public(), profileOf(c.Profile)
	if c.Slug != "" && c.Slug != s.Slug {
		e.Slug = c.Slug
	}
	if c.OwnerID != "" && c.OwnerID != s.OwnerID {
		e.OwnerID = c.OwnerID
	}
	switch {
	case (e.Slug != s.Slug || e.OwnerID != s.OwnerID) && !isPlatform(t.Caller):
		return nil, entrepot.Errorf(entrepot.CodeForbidden, "only a super admin changes slug and owner")
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
	p.tell(&e)
	e.UpdatedAt = t.Now
	return []events.Event{events.CompanyUpdated{Company: e}}, nil
}

// SetSettings changes what the company sells by. The currency stays: prices and
// sums are in it.
func (s *State) SetSettings(t entrepot.Turn, c SetSettings) ([]events.Event, error) {
	if err := s.administered(t.Caller); err != nil {
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
			ID: s.ID, IsErased: true, CreatedAt: s.CreatedAt, UpdatedAt: f.DeletedAt.UnixMilli(), Version: s.Version + 1,
			Standing: s.Standing, StandingVersion: s.StandingVersion, StandingKnown: s.StandingKnown,
		}
	default:
		s.applyQuota(e)
		s.applyStanding(e)
	}
}

// become takes over the public data, and the standing that it means.
func (s *State) become(c events.Company) {
	s.ID, s.Slug = c.CompanyID, c.Slug
	s.Profile = profile{
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

// public is what events tell.
func (s *State) public() events.Company {
	e := events.Company{
		CompanyID: s.ID, Slug: s.Slug,
		Settings:     events.CompanySettings{Currency: s.Currency, Timezone: s.Timezone, TaxRate: float64(s.TaxBasisPoints) / 100},
		Subscription: events.CompanySubscription{Plan: s.Plan, Status: s.Status, ExpiresAt: timeOf(s.ExpiresAt)},
		OwnerID:      s.OwnerID, IsActive: s.EraseAt == 0, ErasedAt: timeOf(s.EraseAt),
		CreatedAt: s.createdAt(), UpdatedAt: time.UnixMilli(s.UpdatedAt).UTC(),
	}
	s.Profile.tell(&e)
	return e
}

// Get answers the company to its staff, to the platform, and to customers, who
// need its currency and tax; the edge shows them less.
func (s *State) Get(t entrepot.Turn, _ Get) (*Company, error) {
	if s.ID == "" || s.IsErased || (t.Caller.Role != entrepot.Customer && !t.Caller.MayReachCompany(s.ID)) {
		return nil, entrepot.ErrNotFound
	}
	return s.View(), nil
}

// View is the whole company.
func (s *State) View() *Company {
	p, a, b := &s.Profile, &s.Profile.Address, &s.Profile.Branding
	return &Company{
		ID: s.ID, Name: p.Name, Slug: s.Slug, Description: p.Description, Email: p.Email,
		Currency: s.Currency, Timezone: s.Timezone, TaxBasisPoints: s.TaxBasisPoints, OwnerID: s.OwnerID,
		IsActive: s.EraseAt == 0 && !s.IsErased, CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt,
		Profile: Profile{
			Name: p.Name, Description: p.Description, Logo: p.Logo, Email: p.Email, Phone: p.Phone, Website: p.Website,
			Address: Address{
				Line1: a.Line1, Line2: a.Line2, City: a.City, State: a.State, PostalCode: a.PostalCode, Country: a.Country,
			},
			Branding: Branding{PrimaryColor: b.PrimaryColor, SecondaryColor: b.SecondaryColor, Banner: b.Banner},
		},
		Plan: s.Plan, Status: s.Status, ExpiresAt: s.ExpiresAt, Standing: s.Standing, EraseAt: s.EraseAt, Version: s.Version,
	}
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
