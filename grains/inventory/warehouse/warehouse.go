// Package warehouse keeps the warehouses of a company. A warehouse stores goods
// and sells nothing itself: it serves shops, whose orders may be sent from it.
//
// Commands: Create, Update, Delete. Queries: Get. The process in process.go brings
// each change to the sourcings of the shops. Persisted: the whole [State].
package warehouse

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"entrepot"
	"entrepot/events"
)

// MaxShops is how many shops one warehouse may serve.
const MaxShops = 200

// State is a warehouse. The zero State does not exist yet.
type State struct {
	Warehouse

	Pending []Placement `json:"untold,omitempty"`
}

// Warehouse is a warehouse in the state, in replies and in lists.
type Warehouse struct {
	Details

	ID        entrepot.ID `json:"id,omitempty"`
	CompanyID entrepot.ID `json:"companyId,omitempty"`
	CreatedAt int64       `json:"created,omitempty"` // Unix ms
	UpdatedAt int64       `json:"updated,omitempty"` // Unix ms
	DeletedAt int64       `json:"deleted,omitempty"` // Unix ms; 0: not deleted
	Version   int64       `json:"version,omitempty"` // counts the changes, for If-Match
}

// Details are the part of a warehouse that clients set.
type Details struct {
	Name     string          `json:"name,omitempty"`
	Code     string          `json:"code,omitempty"` // unique in the company
	Location events.Location `json:"location,omitzero"`
	Serves   []entrepot.ID   `json:"serves,omitempty"`   // shops
	Priority int64           `json:"priority,omitempty"` // among the locations of a shop; lower first
	IsActive bool            `json:"isActive,omitempty"`
}

// Placement is a version of the warehouse that the sourcing of a shop has to get.
type Placement struct {
	ShopID  entrepot.ID `json:"shopId"`
	Version int64       `json:"version"`
}

// sourced is the fact that the sourcing of a shop has a version.
type sourced struct {
	events.Private
	Placement
}

var errAdmins = entrepot.Errorf(entrepot.CodeForbidden, "only admins may create, change and delete warehouses")

// Create adds the warehouse. The caller has checked that the shops belong to the
// company.
func (s *State) Create(t entrepot.Turn, c Create) ([]events.Event, error) {
	switch {
	case !t.Caller.MayReachCompany(c.CompanyID):
		return nil, entrepot.ErrNotFound
	case !t.Caller.Administers(c.CompanyID):
		return nil, errAdmins
	case s.ID != "":
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the warehouse already exists")
	case !entrepot.ValidID(c.CompanyID):
		return nil, entrepot.Invalid("companyId", "required", "a warehouse belongs to a company")
	}
	d := c.Details.normalized()
	if err := d.check(); err != nil {
		return nil, err
	}
	return []events.Event{events.WarehouseCreated{Warehouse: d.public(t.ID, c.CompanyID, t.Now, t.Now)}}, nil
}

// Update replaces all details of the warehouse.
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
	return []events.Event{events.WarehouseUpdated{Warehouse: d.public(s.ID, s.CompanyID, s.createdAt(), t.Now)}}, nil
}

// Delete deletes the warehouse. Its stock items stay on record.
func (s *State) Delete(t entrepot.Turn, c Delete) ([]events.Event, error) {
	if err := s.mayChange(t, c.ExpectedVersion); err != nil {
		return nil, err
	}
	return []events.Event{events.WarehouseDeleted{WarehouseID: s.ID, CompanyID: s.CompanyID, DeletedAt: t.Now}}, nil
}

// Get returns the warehouse to callers who may read it.
func (s *State) Get(t entrepot.Turn, _ Get) (*Warehouse, error) {
	if !s.SeenBy(t.Caller) {
		return nil, entrepot.ErrNotFound
	}
	return s.reply(), nil
}

// SeenBy reports whether the caller may read the warehouse: admins of the company
// and staff of the shops that it serves.
func (w *Warehouse) SeenBy(c entrepot.Caller) bool {
	if w.ID == "" || w.DeletedAt != 0 || !c.MayReachCompany(w.CompanyID) {
		return false
	}
	reaches := func(shop entrepot.ID) bool { return c.MayReachShop(w.CompanyID, shop) }
	return c.Administers(w.CompanyID) || slices.ContainsFunc(w.Serves, reaches)
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

// settled replies to a change once the sourcings of all its shops have it.
func settled[C any](s *State, _ C) (*Warehouse, bool, error) {
	return s.reply(), len(s.Pending) == 0, nil
}

func (s *State) reply() *Warehouse {
	w := s.Warehouse
	w.Details = w.clone()
	return &w
}

// normalized returns the details as the state keeps them: they share no memory
// with the command, and no shops are nil, as after loading.
func (d Details) normalized() Details {
	d = d.clone()
	d.Name = strings.TrimSpace(d.Name)
	return d
}

func (d Details) clone() Details {
	d.Serves = append([]entrepot.ID(nil), d.Serves...)
	if p := d.Location.Coordinates; p != nil {
		d.Location.Coordinates = new(*p)
	}
	return d
}

func (d *Details) check() error {
	p := d.Location.Coordinates
	switch {
	case d.Name == "":
		return entrepot.Invalid("name", "required", "must be given")
	case d.Code == "":
		return entrepot.Invalid("code", "required", "must be given")
	case d.Priority < 0 || d.Priority > 1000:
		return entrepot.Invalid("priority", "range", "must be 0 to 1000")
	case len(d.Serves) > MaxShops:
		return entrepot.Invalid("servesShopIds", "maxItems", "a warehouse serves at most %d shops", MaxShops)
	case p != nil && !(p.Lat >= -90 && p.Lat <= 90 && p.Lng >= -180 && p.Lng <= 180): // NaN is in no range
		return entrepot.Invalid("location.coordinates", "range", "must be latitude -90 to 90 and longitude -180 to 180")
	}
	sorted := slices.Clone(d.Serves)
	slices.Sort(sorted)
	if len(slices.Compact(sorted)) != len(d.Serves) {
		return entrepot.Invalid("servesShopIds", "unique", "names a shop twice")
	}
	return nil
}

// public returns the warehouse as events publish it.
func (d *Details) public(id, company entrepot.ID, created, updated time.Time) events.Warehouse {
	return events.Warehouse{
		WarehouseID: id, CompanyID: company, Name: d.Name, Code: d.Code, Location: d.Location,
		ServesShopIDs: slices.Clone(d.Serves), Priority: d.Priority, IsActive: d.IsActive,
		CreatedAt: created, UpdatedAt: updated,
	}
}

func (s *State) createdAt() time.Time { return time.UnixMilli(s.CreatedAt).UTC() }

// Apply changes the state by one fact.
func (s *State) Apply(e events.Event) {
	switch f := e.(type) {
	case events.WarehouseCreated:
		s.ID, s.CompanyID, s.CreatedAt = f.WarehouseID, f.CompanyID, f.CreatedAt.UnixMilli()
		s.set(&f.Warehouse)
	case events.WarehouseUpdated:
		s.set(&f.Warehouse)
	case events.WarehouseDeleted:
		s.Version++
		s.place(s.Serves)
		s.DeletedAt, s.UpdatedAt, s.IsActive = f.DeletedAt.UnixMilli(), f.DeletedAt.UnixMilli(), false
	case sourced:
		s.Pending = slices.DeleteFunc(s.Pending, func(p Placement) bool { return p == f.Placement })
	}
}

func (s *State) set(w *events.Warehouse) {
	s.Version++
	s.place(s.Serves)
	s.place(w.ServesShopIDs)
	s.UpdatedAt = w.UpdatedAt.UnixMilli()
	s.Details = Details{w.Name, w.Code, w.Location, slices.Clone(w.ServesShopIDs), w.Priority, w.IsActive}
}

// place notes that the sourcings of the shops have to get the current version,
// instead of older ones that they did not get yet.
func (s *State) place(shops []entrepot.ID) {
	for _, shop := range shops {
		s.Pending = slices.DeleteFunc(s.Pending, func(p Placement) bool { return p.ShopID == shop })
		s.Pending = append(s.Pending, Placement{shop, s.Version})
	}
}
