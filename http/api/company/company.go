package company

import (
	"context"
	"net/http"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/company/company"
	"entrepot/grains/query"
	"entrepot/http/rest"
	"entrepot/persistence"
)

// companyRoutes returns the company service.
func companyRoutes(d Deps) rest.Routes {
	s := &companyAPI{d}
	super, admins := rest.Only(entrepot.SuperAdmin), rest.Only(entrepot.SuperAdmin, entrepot.CompanyAdmin)
	return rest.Routes{Service: "companies", List: append([]rest.Route{
		rest.Bind(rest.Route{
			ID: "list-companies", Method: http.MethodGet, Path: "/companies", Access: super,
			Summary: "List companies",
		}, s.list),
		rest.Bind(rest.Route{
			ID: "create-company", Method: http.MethodPost, Path: "/companies", Access: super,
			Status: http.StatusCreated, Summary: "Create company",
		}, s.create),
		rest.Bind(rest.Route{
			ID: "get-company", Method: http.MethodGet, Path: "/companies/{id}", Access: admins.AnyStanding(),
			Summary: "Get company",
		}, s.get),
		rest.Bind(rest.Route{
			ID: "get-storefront", Method: http.MethodGet, Path: "/companies/by-slug/{slug}",
			Access: rest.Public, Summary: "Get storefront",
			Doc: "The public profile, without subscription and owner. A closed company is not found.",
		}, s.storefront),
		rest.Bind(rest.Route{
			ID: "update-company", Method: http.MethodPut, Path: "/companies/{id}", Access: admins,
			Summary: "Update company profile",
			Doc:     "Company admins update their own company; only super admins change slug and owner.",
		}, s.update),
		rest.Bind(rest.Route{
			ID: "update-company-settings", Method: http.MethodPatch, Path: "/companies/{id}/settings",
			Access: admins, Summary: "Update company settings",
			Doc: "Absent fields stay. The currency cannot change, since prices and totals use it.",
		}, s.settings),
		rest.Bind(rest.Route{
			ID: "delete-company", Method: http.MethodDelete, Path: "/companies/{id}", Access: super,
			Summary: "Delete company",
			Doc: "Closes the company at once: its staff are refused and it takes no orders. It is erased " +
				"after the grace period and can be restored until then.",
		}, s.delete),
		rest.Bind(rest.Route{
			ID: "restore-company", Method: http.MethodPost, Path: "/companies/{id}/restore", Access: super,
			Summary: "Restore company",
		}, s.restore),
	}, append(s.planRoutes(), s.shippingRoutes()...)...)}
}

type companyAPI struct{ Deps }

// CompanyView is a company as the API shows it.
type CompanyView struct {
	ID           entrepot.ID      `json:"id"`
	Name         string           `json:"name"`
	Slug         string           `json:"slug"`
	Logo         string           `json:"logo,omitempty"`
	Description  string           `json:"description,omitempty"`
	ContactInfo  CompanyContact   `json:"contactInfo"`
	Address      CompanyAddress   `json:"address"`
	Branding     CompanyBranding  `json:"branding"`
	Settings     CompanySettings  `json:"settings"`
	Subscription SubscriptionView `json:"subscription"`
	OwnerID      entrepot.ID      `json:"ownerId,omitempty"`
	IsActive     bool             `json:"isActive" doc:"false once it is deleted"`
	ErasedAt     rest.Time        `json:"erasedAt,omitzero" doc:"when the deletion will be done"`
	CreatedAt    rest.Time        `json:"createdAt"`
	UpdatedAt    rest.Time        `json:"updatedAt"`
}

// CompanyContact is how a company is reached.
type CompanyContact struct {
	Email   string `json:"email,omitempty" maxLength:"254" example:"office@example.com"`
	Phone   string `json:"phone,omitempty" maxLength:"40" pattern:"^[+0-9 ()./-]*$" patternDescription:"a telephone number"`
	Website string `json:"website,omitempty" maxLength:"2000" example:"https://example.com"`
}

// CompanyAddress is where a company has its seat.
type CompanyAddress struct {
	Line1      string `json:"line1,omitempty" maxLength:"200"`
	Line2      string `json:"line2,omitempty" maxLength:"200"`
	City       string `json:"city,omitempty" maxLength:"100"`
	State      string `json:"state,omitempty" maxLength:"100"`
	PostalCode string `json:"postalCode,omitempty" maxLength:"20"`
	Country    string `json:"country,omitempty" pattern:"^([A-Z]{2})?$" patternDescription:"an ISO 3166-1 code of two letters" example:"DE"`
}

// CompanyBranding is how a company's pages look.
type CompanyBranding struct {
	PrimaryColor   string `json:"primaryColor,omitempty" pattern:"^(#[0-9a-f]{6})?$" patternDescription:"a colour as #rrggbb" example:"#0b3d2e"`
	SecondaryColor string `json:"secondaryColor,omitempty" pattern:"^(#[0-9a-f]{6})?$" patternDescription:"a colour as #rrggbb"`
	Banner         string `json:"banner,omitempty" maxLength:"2000" doc:"https URL"`
}

// CompanySettings are a company's own rules. TaxRate is in percent.
type CompanySettings struct {
	Currency string          `json:"currency" pattern:"^[A-Z]{3}$" patternDescription:"an ISO 4217 code" example:"EUR"`
	Timezone string          `json:"timezone,omitempty" maxLength:"64" example:"Europe/Berlin"`
	TaxRate  entrepot.Amount `json:"taxRate,omitempty" doc:"percent, at most two decimals"`
}

func companyOf(c *company.Company) CompanyView {
	p, a, b := c.Profile, c.Profile.Address, c.Profile.Branding
	return CompanyView{
		ID: c.ID, Name: p.Name, Slug: c.Slug, Logo: p.Logo, Description: p.Description,
		ContactInfo:  CompanyContact{Email: p.Email, Phone: p.Phone, Website: p.Website},
		Address:      CompanyAddress(a),
		Branding:     CompanyBranding(b),
		Settings:     CompanySettings{Currency: c.Currency, Timezone: c.Timezone, TaxRate: percent(c.TaxBasisPoints)},
		Subscription: SubscriptionView{Plan: c.Plan, Status: c.Status, ExpiresAt: rest.Time(c.ExpiresAt), Standing: c.Standing},
		OwnerID:      c.OwnerID, IsActive: c.IsActive(), ErasedAt: rest.Time(c.EraseAt), CreatedAt: rest.Time(c.CreatedAt), UpdatedAt: rest.Time(c.UpdatedAt),
	}
}

// hundredths writes and reads basis points as percent: a number of two decimals,
// like most money (XXX is ISO 4217's code for no currency).
const hundredths = "XXX"

func percent(basisPoints int64) entrepot.Amount {
	return entrepot.Money{Minor: basisPoints, Currency: hundredths}.Amount()
}

func basisPoints(field string, rate entrepot.Amount) (int64, error) {
	m, err := entrepot.ParseMoney(field, string(rate), hundredths)
	if err != nil {
		return 0, err
	}
	if m.Minor > company.MaxTaxBasisPoints {
		return 0, entrepot.Invalid(field, "maximum", "at most 100 percent")
	}
	return m.Minor, nil
}

// checkZone: which zones there are is in files, which a grain does not read.
func checkZone(field, zone string) error {
	if _, err := time.LoadLocation(zone); err != nil || zone == "Local" {
		return entrepot.Invalid(field, "timezone", "must be an IANA time zone such as Europe/Berlin")
	}
	return nil
}

type companyListInput struct {
	rest.ListParams
	Status string `query:"status" enum:"trial,active,past_due,suspended,cancelled"`
	Plan   string `query:"plan" enum:"free,starter,business,enterprise"`
}

func (s *companyAPI) list(ctx context.Context, in *companyListInput) (*rest.List[CompanyView], error) {
	q := persistence.Query{Desc: true, Limit: in.Limit, Cursor: in.Cursor}
	q.Where = query.Where(query.Where(nil, "status", in.Status), "plan", in.Plan)
	page, err := query.Find(ctx, s.Store, company.Collection, entrepot.StaffScope(entrepot.CallerFrom(ctx)), q,
		func(c *company.Company, _ *persistence.Document) CompanyView { return companyOf(c) })
	return &rest.List[CompanyView]{Body: page}, err
}

// ask sends a command to a company and returns the company.
func (s *companyAPI) ask(ctx context.Context, id entrepot.ID, cmd grains.Message[*company.Company]) (*rest.Answer[CompanyView], error) {
	c, err := grains.Ask(ctx, s.Asker, company.Of(id), cmd)
	if err != nil {
		return nil, err
	}
	return rest.AnswerAt(c.Version, companyOf(c)), nil
}

func (s *companyAPI) get(ctx context.Context, in *struct{ rest.IDPath }) (*rest.Answer[CompanyView], error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	return s.ask(ctx, id, company.Get{})
}

// Storefront is the public profile of a company.
type Storefront struct {
	ID          entrepot.ID     `json:"id"`
	Name        string          `json:"name"`
	Slug        string          `json:"slug"`
	Logo        string          `json:"logo,omitempty"`
	Description string          `json:"description,omitempty"`
	ContactInfo CompanyContact  `json:"contactInfo"`
	Address     CompanyAddress  `json:"address"`
	Branding    CompanyBranding `json:"branding"`
	Currency    string          `json:"currency"`
}

type slugPath struct {
	Slug string `path:"slug" maxLength:"63" example:"acme"`
}

func (s *companyAPI) storefront(ctx context.Context, in *slugPath) (*rest.Answer[Storefront], error) {
	q := persistence.Query{Where: query.Where(nil, "slug", in.Slug), Limit: 1}
	page, err := query.Find(ctx, s.Store, company.Collection, entrepot.AllTenants(), q,
		func(c *company.Company, _ *persistence.Document) *company.Company { return c })
	if err != nil {
		return nil, err
	}
	if len(page.Items) == 0 || in.Slug == "" || page.Items[0].Standing == entrepot.StandingClosed {
		return nil, entrepot.ErrNotFound
	}
	v := companyOf(page.Items[0])
	return rest.AnswerAt(page.Items[0].Version, Storefront{
		v.ID, v.Name, v.Slug, v.Logo, v.Description, v.ContactInfo, v.Address, v.Branding, v.Settings.Currency,
	}), nil
}

// CompanyProfile is the profile of a company as a client describes it.
type CompanyProfile struct {
	Name        string          `json:"name" minLength:"1" maxLength:"200" example:"Acme"`
	Description string          `json:"description,omitempty" maxLength:"2000"`
	Logo        string          `json:"logo,omitempty" maxLength:"2000" doc:"https URL"`
	ContactInfo CompanyContact  `json:"contactInfo,omitempty"`
	Address     CompanyAddress  `json:"address,omitempty"`
	Branding    CompanyBranding `json:"branding,omitempty"`
}

func (p *CompanyProfile) profile() company.Profile {
	return company.Profile{
		Name: p.Name, Description: p.Description, Logo: p.Logo,
		Email: p.ContactInfo.Email, Phone: p.ContactInfo.Phone, Website: p.ContactInfo.Website,
		Address: events.Address(p.Address), Branding: events.Branding(p.Branding),
	}
}

type companyInput struct {
	rest.Here
	Body struct {
		CompanyProfile
		Slug         string          `json:"slug" pattern:"^[a-z0-9][a-z0-9-]{0,62}$" patternDescription:"lower-case letters, digits and hyphens" example:"acme"`
		Settings     CompanySettings `json:"settings"`
		Subscription *struct {
			Plan       string    `json:"plan" enum:"free,starter,business,enterprise"`
			TrialUntil time.Time `json:"trialUntil,omitzero" doc:"default: active at once"`
		} `json:"subscription,omitempty" doc:"default: the plan free"`
		OwnerID rest.ID `json:"ownerId,omitempty"`
	}
}

func (s *companyAPI) create(ctx context.Context, in *companyInput) (*rest.Created[CompanyView], error) {
	b := &in.Body
	cmd := company.Create{
		Slug: b.Slug, Profile: b.profile(),
		Currency: b.Settings.Currency, Timezone: b.Settings.Timezone, OwnerID: string(b.OwnerID),
	}
	if err := checkZone("settings.timezone", b.Settings.Timezone); err != nil {
		return nil, err
	}
	if b.Settings.TaxRate != "" {
		var err error
		if cmd.TaxBasisPoints, err = basisPoints("settings.taxRate", b.Settings.TaxRate); err != nil {
			return nil, err
		}
	}
	if b.Subscription != nil {
		cmd.Plan = b.Subscription.Plan
		if !b.Subscription.TrialUntil.IsZero() {
			cmd.TrialUntil = b.Subscription.TrialUntil.UnixMilli()
		}
	}
	c, err := grains.Ask(ctx, s.Asker, company.Of(entrepot.NewID()), cmd)
	if err != nil {
		return nil, err
	}
	return &rest.Created[CompanyView]{Versioned: rest.ETagOf(c.Version), Location: in.Below(c.ID), Body: companyOf(c)}, nil
}

type companyUpdateInput struct {
	rest.IDPath
	rest.IfMatch
	Body struct {
		CompanyProfile
		Slug    string  `json:"slug,omitempty" pattern:"^[a-z0-9][a-z0-9-]{0,62}$" patternDescription:"lower-case letters, digits and hyphens" doc:"default: as it is"`
		OwnerID rest.ID `json:"ownerId,omitempty" doc:"default: as it is"`
	}
}

func (s *companyAPI) update(ctx context.Context, in *companyUpdateInput) (*rest.Answer[CompanyView], error) {
	id, version, err := in.Target(in.IDPath)
	if err != nil {
		return nil, err
	}
	return s.ask(ctx, id, company.Update{ExpectedVersion: version, Profile: in.Body.profile(), Slug: in.Body.Slug, OwnerID: string(in.Body.OwnerID)})
}

type companySettingsInput struct {
	rest.IDPath
	rest.IfMatch
	Body struct {
		Timezone *string          `json:"timezone,omitempty" maxLength:"64" example:"Europe/Berlin"`
		TaxRate  *entrepot.Amount `json:"taxRate,omitempty" doc:"percent, at most two decimals"`
	}
}

func (s *companyAPI) settings(ctx context.Context, in *companySettingsInput) (*rest.Answer[CompanyView], error) {
	id, version, err := in.Target(in.IDPath)
	if err != nil {
		return nil, err
	}
	cmd := company.SetSettings{ExpectedVersion: version, Timezone: in.Body.Timezone}
	if in.Body.Timezone != nil {
		if err := checkZone("timezone", *in.Body.Timezone); err != nil {
			return nil, err
		}
	}
	if in.Body.TaxRate != nil {
		rate, err := basisPoints("taxRate", *in.Body.TaxRate)
		if err != nil {
			return nil, err
		}
		cmd.TaxBasisPoints = &rate
	}
	return s.ask(ctx, id, cmd)
}

type companyDeleteInput struct {
	rest.IDPath
	rest.IfMatch
}

func (s *companyAPI) delete(ctx context.Context, in *companyDeleteInput) (*rest.Answer[CompanyView], error) {
	id, version, err := in.Target(in.IDPath)
	if err != nil {
		return nil, err
	}
	return s.stand(ctx, id, company.Delete{ExpectedVersion: version, GraceMs: s.ErasureGrace.Milliseconds()})
}

func (s *companyAPI) restore(ctx context.Context, in *struct{ rest.IDPath }) (*rest.Answer[CompanyView], error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	return s.stand(ctx, id, company.Restore{})
}

// stand is ask for what changes the standing of a company: this member is told at once.
func (s *companyAPI) stand(ctx context.Context, id entrepot.ID, cmd grains.Message[*company.Company]) (*rest.Answer[CompanyView], error) {
	out, err := s.ask(ctx, id, cmd)
	if err == nil && s.Standing != nil {
		_ = s.Standing.Now(ctx) // it asks again soon
	}
	return out, err
}
