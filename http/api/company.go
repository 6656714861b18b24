package api

import (
	"context"
	"net/http"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/company"
	"entrepot/grains/company/companypb"
	"entrepot/persistence"
)

// Company is the company service.
func Company(d Deps) Routes {
	s := &companyAPI{d.withDefaults()}
	super := Only(entrepot.SuperAdmin)
	return Routes{"companies", []Route{
		route(Route{ID: "list-companies", Method: http.MethodGet, Path: "/companies", Access: super, Summary: "List companies"}, s.list),
		route(Route{ID: "create-company", Method: http.MethodPost, Path: "/companies", Access: super, Status: http.StatusCreated, Summary: "Create a company"}, s.create),
		route(Route{ID: "get-company", Method: http.MethodGet, Path: "/companies/{id}", Access: Only(entrepot.SuperAdmin, entrepot.CompanyAdmin).AnyStanding(), Summary: "Read a company"}, s.get),
	}}
}

type companyAPI struct{ Deps }

// CompanyView is a company as the API shows it.
type CompanyView struct {
	ID          entrepot.ID     `json:"id"`
	Name        string          `json:"name"`
	Slug        string          `json:"slug"`
	Description string          `json:"description,omitempty"`
	ContactInfo CompanyContact  `json:"contactInfo"`
	Settings    CompanySettings `json:"settings"`
	OwnerID     entrepot.ID     `json:"ownerId,omitempty"`
	IsActive    bool            `json:"isActive"`
	CreatedAt   Time            `json:"createdAt"`
	UpdatedAt   Time            `json:"updatedAt"`
}

// CompanyContact is how a company is reached.
type CompanyContact struct {
	Email string `json:"email,omitempty" maxLength:"254" example:"office@example.com"`
}

// CompanySettings are a company's own rules. TaxRate is in percent.
type CompanySettings struct {
	Currency string          `json:"currency" pattern:"^[A-Z]{3}$" patternDescription:"an ISO 4217 code" example:"EUR"`
	Timezone string          `json:"timezone,omitempty" maxLength:"64" example:"Europe/Berlin"`
	TaxRate  entrepot.Amount `json:"taxRate,omitempty" doc:"percent, at most two decimals"`
}

func companyOf(c *companypb.Company) CompanyView {
	return CompanyView{
		ID: c.Id, Name: c.Name, Slug: c.Slug, Description: c.Description, ContactInfo: CompanyContact{c.Email},
		Settings: CompanySettings{Currency: c.Currency, Timezone: c.Timezone, TaxRate: percent(c.TaxBasisPoints)},
		OwnerID:  c.OwnerId, IsActive: c.IsActive, CreatedAt: Time(c.CreatedMs), UpdatedAt: Time(c.UpdatedMs),
	}
}

// hundredths writes and reads basis points as percent: a number of two decimals,
// like most money (XXX is ISO 4217's code for no currency).
const hundredths = "XXX"

func percent(basisPoints int64) entrepot.Amount {
	return entrepot.Money{Minor: basisPoints, Currency: hundredths}.Amount()
}

type companyListInput struct{ ListParams }

func (s *companyAPI) list(ctx context.Context, in *companyListInput) (*paged[CompanyView], error) {
	q := persistence.Query{Desc: true, Limit: in.Limit, Cursor: in.Cursor}
	page, err := find(ctx, s.Stores.Company, company.Collection, entrepot.StaffScope(entrepot.CallerFrom(ctx)), q,
		func(c *company.State, _ *persistence.Document) CompanyView { return companyOf(c.View()) })
	return &paged[CompanyView]{page}, err
}

func (s *companyAPI) get(ctx context.Context, in *struct{ IDPath }) (*answer[CompanyView], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	c, err := grains.Ask[*companypb.Company](ctx, s.Asker, companypb.Kind, id, &companypb.Get{})
	if err != nil {
		return nil, err
	}
	return answerOf(companyOf(c)), nil
}

type companyInput struct {
	Here
	Body struct {
		Name        string          `json:"name" minLength:"1" maxLength:"200" example:"Acme"`
		Slug        string          `json:"slug" pattern:"^[a-z0-9][a-z0-9-]{0,62}$" patternDescription:"lower-case letters, digits and hyphens" example:"acme"`
		Description string          `json:"description,omitempty" maxLength:"2000"`
		ContactInfo CompanyContact  `json:"contactInfo,omitempty"`
		Settings    CompanySettings `json:"settings"`
		OwnerID     string          `json:"ownerId,omitempty" pattern:"^[0-9a-f]{24}$" patternDescription:"an id of 24 hex digits"`
	}
}

func (s *companyAPI) create(ctx context.Context, in *companyInput) (*created[CompanyView], error) {
	b := &in.Body
	cmd := &companypb.Create{
		Name: b.Name, Slug: b.Slug, Description: b.Description, Email: b.ContactInfo.Email,
		Currency: b.Settings.Currency, Timezone: b.Settings.Timezone, OwnerId: b.OwnerID,
	}
	if b.Settings.TaxRate != "" {
		rate, err := entrepot.ParseMoney("settings.taxRate", string(b.Settings.TaxRate), hundredths)
		if err != nil {
			return nil, err
		}
		if rate.Minor > 10_000 {
			return nil, entrepot.Invalid("settings.taxRate", "maximum", "at most 100 percent")
		}
		cmd.TaxBasisPoints = rate.Minor
	}
	c, err := grains.Ask[*companypb.Company](ctx, s.Asker, companypb.Kind, entrepot.NewID(), cmd)
	if err != nil {
		return nil, err
	}
	return &created[CompanyView]{Location: in.below(c.Id), Body: companyOf(c)}, nil
}
