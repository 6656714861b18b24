// Package supplier is who a company buys from: how they are reached, how long
// they take, and what they sell at which cost.
//
// Commands: Create, Update, Delete. Queries: Get. Persisted: the whole [State].
package supplier

import (
	"reflect"
	"strconv"
	"strings"
	"time"

	"entrepot"
	"entrepot/events"
)

// Limits of a supplier.
const (
	MaxOffers   = 500
	maxLeadDays = 365
)

// State is a supplier. The zero State does not exist yet.
type State struct {
	Details

	ID        entrepot.ID `json:"id,omitempty"`
	CompanyID entrepot.ID `json:"companyId,omitempty"`
	CreatedAt int64       `json:"created,omitempty"` // Unix ms, as all times of the state
	UpdatedAt int64       `json:"updated,omitempty"`
	DeletedAt int64       `json:"deleted,omitempty"`
	Version   int64       `json:"version,omitempty"` // counts the changes, for If-Match
}

// Details are all that is known of a supplier.
type Details struct {
	Name        string  `json:"name,omitempty"`
	ContactName string  `json:"contact,omitempty"`
	Email       string  `json:"email,omitempty"`
	Phone       string  `json:"phone,omitempty"`
	Address     string  `json:"address,omitempty"`
	Currency    string  `json:"currency,omitempty"`
	LeadDays    int64   `json:"leadDays,omitempty"`
	Note        string  `json:"note,omitempty"`
	IsActive    bool    `json:"isActive,omitempty"`
	Offers      []Offer `json:"offers,omitempty"`
}

// Offer is a variant as the supplier sells it.
type Offer struct {
	ProductID   entrepot.ID `json:"productId"`
	VariantID   entrepot.ID `json:"variantId"`
	SKU         string      `json:"sku,omitempty"`
	Cost        int64       `json:"cost"` // of one piece, minor units of the supplier's currency
	MinQuantity int64       `json:"minQuantity,omitempty"`
}

// Public facts with the whole of the supplier, costs included, which stay here:
// an unexported field is not published.
type (
	created struct {
		events.SupplierCreated
		details Details
	}
	updated struct {
		events.SupplierUpdated
		details Details
	}
)

func (s *State) gone() bool { return s.ID == "" || s.DeletedAt != 0 }

// Create makes the supplier known. The edge has seen that the goods are the company's.
func (s *State) Create(t entrepot.Turn, c Create) ([]events.Event, error) {
	switch {
	case c.CompanyID == "" || !t.Caller.MayReachCompany(c.CompanyID):
		return nil, entrepot.ErrNotFound
	case !t.Caller.Administers(c.CompanyID):
		return nil, errAdmins
	case s.ID != "":
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the supplier already exists")
	}
	d := detailsOf(c.Details)
	if err := d.check(); err != nil {
		return nil, err
	}
	return []events.Event{created{events.SupplierCreated{Supplier: d.public(t.ID, c.CompanyID, t.Now)}, d}}, nil
}

var errAdmins = entrepot.Errorf(entrepot.CodeForbidden, "only admins keep suppliers")

// SeenBy reports who sees it: what a supplier asks is for who buys, not for the staff of a shop.
func (s *State) SeenBy(c entrepot.Caller) bool {
	return !s.gone() && c.MayReachCompany(s.CompanyID) && c.Role != entrepot.ShopStaff
}

func (s *State) mayChange(t entrepot.Turn, expected int64) error {
	switch {
	case !s.SeenBy(t.Caller):
		return entrepot.ErrNotFound
	case !t.Caller.Administers(s.CompanyID):
		return errAdmins
	default:
		return entrepot.CheckVersion(expected, s.Version)
	}
}

// Update sets all of the supplier.
func (s *State) Update(t entrepot.Turn, c Update) ([]events.Event, error) {
	if err := s.mayChange(t, c.ExpectedVersion); err != nil {
		return nil, err
	}
	d := detailsOf(c.Details)
	if err := d.check(); err != nil {
		return nil, err
	}
	if reflect.DeepEqual(d, s.Details) {
		return nil, nil
	}
	return []events.Event{updated{events.SupplierUpdated{Supplier: d.public(s.ID, s.CompanyID, t.Now)}, d}}, nil
}

// Delete forgets the supplier, people and prices. Orders keep its name.
func (s *State) Delete(t entrepot.Turn, c Delete) ([]events.Event, error) {
	if err := s.mayChange(t, c.ExpectedVersion); err != nil {
		return nil, err
	}
	return []events.Event{events.SupplierDeleted{SupplierID: s.ID, CompanyID: s.CompanyID, DeletedAt: t.Now}}, nil
}

// Apply changes the state by one fact.
func (s *State) Apply(e events.Event) {
	switch f := e.(type) {
	case created:
		s.ID, s.CompanyID, s.CreatedAt = f.SupplierID, f.CompanyID, f.UpdatedAt.UnixMilli()
		s.set(f.details, f.UpdatedAt)
	case updated:
		s.set(f.details, f.UpdatedAt)
	case events.SupplierDeleted:
		s.DeletedAt = f.DeletedAt.UnixMilli()
		s.set(Details{Name: s.Name, Currency: s.Currency}, f.DeletedAt)
	}
}

func (s *State) set(d Details, at time.Time) {
	s.Details, s.UpdatedAt = d, at.UnixMilli()
	s.Version++
}

// Get answers the supplier to who may buy for the company.
func (s *State) Get(t entrepot.Turn, _ Get) (*Supplier, error) {
	if !s.SeenBy(t.Caller) {
		return nil, entrepot.ErrNotFound
	}
	return s.View(), nil
}

// View is the supplier.
func (s *State) View() *Supplier {
	d := Details{
		Name: s.Name, ContactName: s.ContactName, Email: s.Email, Phone: s.Phone, Address: s.Address,
		Currency: s.Currency, LeadDays: s.LeadDays, Note: s.Note, IsActive: s.IsActive,
	}
	for _, o := range s.Offers {
		d.Offers = append(d.Offers, Offer{ProductID: o.ProductID, VariantID: o.VariantID, SKU: o.SKU, Cost: o.Cost, MinQuantity: o.MinQuantity})
	}
	return &Supplier{ID: s.ID, CompanyID: s.CompanyID, Details: d, CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt, Version: s.Version}
}

func detailsOf(m Details) Details {
	d := Details{
		Name: strings.TrimSpace(m.Name), ContactName: m.ContactName, Email: m.Email, Phone: m.Phone, Address: m.Address,
		Currency: m.Currency, LeadDays: m.LeadDays, Note: m.Note, IsActive: m.IsActive,
	}
	for _, o := range m.Offers {
		d.Offers = append(d.Offers, Offer{o.ProductID, o.VariantID, o.SKU, o.Cost, o.MinQuantity})
	}
	return d
}

func (d *Details) check() error {
	switch {
	case d.Name == "":
		return entrepot.Invalid("name", "required", "must be given")
	case len(d.Currency) != 3:
		return entrepot.Invalid("currency", "format", "must be an ISO 4217 code")
	case d.LeadDays < 0 || d.LeadDays > maxLeadDays:
		return entrepot.Invalid("leadTimeDays", "range", "must be 0 to %d", maxLeadDays)
	case len(d.Offers) > MaxOffers:
		return entrepot.Invalid("offers", "maxItems", "a supplier has at most %d", MaxOffers)
	}
	known := map[entrepot.ID]bool{}
	for i, o := range d.Offers {
		field := "offers[" + strconv.Itoa(i) + "]"
		switch {
		case known[o.VariantID]:
			return entrepot.Invalid(field+".variantId", "unique", "is offered twice")
		case o.Cost < 0 || o.Cost > entrepot.MaxMinor:
			return entrepot.Invalid(field+".cost", "range", "must be an amount")
		case o.MinQuantity < 0:
			return entrepot.Invalid(field+".minQuantity", "range", "must not be negative")
		}
		known[o.VariantID] = true
	}
	return nil
}

// public is the supplier as events tell it: not what it asks.
func (d *Details) public(id, company entrepot.ID, now time.Time) events.Supplier {
	return events.Supplier{SupplierID: id, CompanyID: company, Name: d.Name, Currency: d.Currency, LeadDays: d.LeadDays, IsActive: d.IsActive, UpdatedAt: now}
}

func (s *State) createdAt() time.Time { return time.UnixMilli(s.CreatedAt).UTC() }
