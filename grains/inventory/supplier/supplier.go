// Package supplier keeps the suppliers of a company: how to reach them, their
// lead times, and their offers with the cost of each.
//
// Commands: Create, Update, Delete. Queries: Get. Persisted: the whole [State].
package supplier

import (
	"reflect"
	"slices"
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
	Supplier
}

// Supplier is a supplier in the state, in replies and in lists.
type Supplier struct {
	Details

	ID        entrepot.ID `json:"id,omitempty"`
	CompanyID entrepot.ID `json:"companyId,omitempty"`
	CreatedAt int64       `json:"created,omitempty"` // Unix ms
	UpdatedAt int64       `json:"updated,omitempty"` // Unix ms
	DeletedAt int64       `json:"deleted,omitempty"` // Unix ms; 0: not deleted
	Version   int64       `json:"version,omitempty"` // counts the changes, for If-Match
}

// Details are the part of a supplier that clients set.
type Details struct {
	Name        string  `json:"name,omitempty"`
	ContactName string  `json:"contact,omitempty"`
	Email       string  `json:"email,omitempty"`
	Phone       string  `json:"phone,omitempty"`
	Address     string  `json:"address,omitempty"`
	Currency    string  `json:"currency,omitempty"` // ISO 4217
	LeadDays    int64   `json:"leadDays,omitempty"`
	Note        string  `json:"note,omitempty"`
	IsActive    bool    `json:"isActive,omitempty"`
	Offers      []Offer `json:"offers,omitempty"`
}

// Offer is a variant that the supplier sells.
type Offer struct {
	ProductID   entrepot.ID `json:"productId"`
	VariantID   entrepot.ID `json:"variantId"`
	SKU         string      `json:"sku,omitempty"` // the supplier's own
	Cost        int64       `json:"cost"`          // of one piece, minor units of the supplier's currency
	MinQuantity int64       `json:"minQuantity,omitempty"`
}

// Public facts with all details. The costs are not published, because unexported
// fields stay out of events.
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

var errAdmins = entrepot.Errorf(entrepot.CodeForbidden, "only admins may create, change and delete suppliers")

// Create adds the supplier. The caller has checked that the products of the offers
// belong to the company.
func (s *State) Create(t entrepot.Turn, c Create) ([]events.Event, error) {
	switch {
	case c.CompanyID == "" || !t.Caller.MayReachCompany(c.CompanyID):
		return nil, entrepot.ErrNotFound
	case !t.Caller.Administers(c.CompanyID):
		return nil, errAdmins
	case s.ID != "":
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the supplier already exists")
	}
	d := c.Details.normalized()
	if err := d.check(); err != nil {
		return nil, err
	}
	return []events.Event{created{events.SupplierCreated{Supplier: d.public(t.ID, c.CompanyID, t.Now)}, d}}, nil
}

// Update replaces all details of the supplier.
func (s *State) Update(t entrepot.Turn, c Update) ([]events.Event, error) {
	if err := s.mayChange(t, c.ExpectedVersion); err != nil {
		return nil, err
	}
	d := c.Details.normalized()
	if err := d.check(); err != nil {
		return nil, err
	}
	if reflect.DeepEqual(d, s.Details) {
		return nil, nil
	}
	return []events.Event{updated{events.SupplierUpdated{Supplier: d.public(s.ID, s.CompanyID, t.Now)}, d}}, nil
}

// Delete deletes the supplier with its contacts and offers. The name and the
// currency stay, because purchase orders refer to them.
func (s *State) Delete(t entrepot.Turn, c Delete) ([]events.Event, error) {
	if err := s.mayChange(t, c.ExpectedVersion); err != nil {
		return nil, err
	}
	return []events.Event{events.SupplierDeleted{SupplierID: s.ID, CompanyID: s.CompanyID, DeletedAt: t.Now}}, nil
}

// Get returns the supplier to callers who may buy for the company.
func (s *State) Get(t entrepot.Turn, _ Get) (*Supplier, error) {
	if !s.SeenBy(t.Caller) {
		return nil, entrepot.ErrNotFound
	}
	return s.reply(), nil
}

// SeenBy reports whether the caller may read the supplier. Shop staff may not,
// because they do not buy.
func (s *Supplier) SeenBy(c entrepot.Caller) bool {
	exists := s.ID != "" && s.DeletedAt == 0
	return exists && c.MayReachCompany(s.CompanyID) && c.Role != entrepot.ShopStaff
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

func (s *State) reply() *Supplier {
	v := s.Supplier
	v.Offers = slices.Clone(v.Offers)
	return &v
}

// normalized returns the details as the state keeps them: they share no memory
// with the command, and no offers are nil, as after loading.
func (d Details) normalized() Details {
	d.Name = strings.TrimSpace(d.Name)
	d.Offers = append([]Offer(nil), d.Offers...)
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

// public returns the supplier as events publish it: without contacts and offers.
func (d *Details) public(id, company entrepot.ID, now time.Time) events.Supplier {
	return events.Supplier{
		SupplierID: id, CompanyID: company, Name: d.Name, Currency: d.Currency,
		LeadDays: d.LeadDays, IsActive: d.IsActive, UpdatedAt: now,
	}
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
