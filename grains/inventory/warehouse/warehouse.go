// Package warehouse is a place of a company where goods lie and that sells
// nothing itself: it serves shops, whose orders may be sent from it.
//
// Commands: Create, Update, Delete; Sourced is the answer of the process in
// steps.go, which tells the sourcing of every shop that is served, or was.
// Queries: Get. Persisted: the whole [State].
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
	Details

	ID        entrepot.ID `json:"id,omitempty"`
	CompanyID entrepot.ID `json:"companyId,omitempty"`
	CreatedAt int64       `json:"created,omitempty"` // Unix ms, as all times of the state
	UpdatedAt int64       `json:"updated,omitempty"`
	DeletedAt int64       `json:"deleted,omitempty"`
	Version   int64       `json:"version,omitempty"` // counts the changes, for If-Match
	Untold    []Untold    `json:"untold,omitempty"`
}

// Details are what a warehouse says of itself.
type Details struct {
	Name     string          `json:"name,omitempty"`
	Code     string          `json:"code,omitempty"`
	Location events.Location `json:"location,omitzero"`
	Serves   []entrepot.ID   `json:"serves,omitempty"`
	Priority int64           `json:"priority,omitempty"`
	IsActive bool            `json:"isActive,omitempty"`
}

// Untold is a shop whose sourcing has not answered to a version yet.
type Untold struct {
	ShopID  entrepot.ID `json:"shopId"`
	Version int64       `json:"version"`
}

// sourced is the fact that a shop's sourcing knows a version.
type sourced struct {
	events.Private
	Untold
}

func (s *State) gone() bool { return s.ID == "" || s.DeletedAt != 0 }

// Create opens the warehouse. The edge has seen that the shops are the company's.
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
	d := detailsOf(c.Details)
	if err := d.check(); err != nil {
		return nil, err
	}
	return []events.Event{events.WarehouseCreated{Warehouse: d.public(t.ID, c.CompanyID, t.Now, t.Now)}}, nil
}

var errAdmins = entrepot.Errorf(entrepot.CodeForbidden, "only admins keep warehouses")

// mayChange: admins of the company; staff of a shop that it serves see it and no more.
func (s *State) mayChange(t entrepot.Turn, expected int64) error {
	switch {
	case !s.seenBy(t.Caller):
		return entrepot.ErrNotFound
	case !t.Caller.Administers(s.CompanyID):
		return errAdmins
	default:
		return entrepot.CheckVersion(expected, s.Version)
	}
}

// Update sets all that the warehouse says of itself.
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
	return []events.Event{events.WarehouseUpdated{Warehouse: d.public(s.ID, s.CompanyID, s.createdAt(), t.Now)}}, nil
}

// Delete gives the warehouse up. What lies there stays on record.
func (s *State) Delete(t entrepot.Turn, c Delete) ([]events.Event, error) {
	if err := s.mayChange(t, c.ExpectedVersion); err != nil {
		return nil, err
	}
	return []events.Event{events.WarehouseDeleted{WarehouseID: s.ID, CompanyID: s.CompanyID, DeletedAt: t.Now}}, nil
}

// Sourced takes the answer of a shop's sourcing. A shop that can be served by no
// more warehouses is not served by this one.
func (s *State) Sourced(t entrepot.Turn, c Sourced) ([]events.Event, error) {
	u := Untold{ShopID: c.ShopID, Version: c.Version}
	if t.Caller.Role != entrepot.System || !slices.Contains(s.Untold, u) {
		return nil, nil
	}
	facts := []events.Event{sourced{Untold: u}}
	if c.Refused && s.DeletedAt == 0 && slices.Contains(s.Serves, c.ShopID) {
		d := s.Details
		d.Serves = slices.DeleteFunc(slices.Clone(d.Serves), func(id entrepot.ID) bool { return id == c.ShopID })
		facts = append(facts, events.WarehouseUpdated{Warehouse: d.public(s.ID, s.CompanyID, s.createdAt(), t.Now)})
	}
	return facts, nil
}

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
		s.tell(s.Serves)
		s.DeletedAt, s.UpdatedAt, s.IsActive = f.DeletedAt.UnixMilli(), f.DeletedAt.UnixMilli(), false
	case sourced:
		s.Untold = slices.DeleteFunc(s.Untold, func(u Untold) bool { return u == f.Untold })
	}
}

func (s *State) set(w *events.Warehouse) {
	s.Version++
	s.tell(s.Serves)
	s.tell(w.ServesShopIDs)
	s.UpdatedAt = w.UpdatedAt.UnixMilli()
	s.Details = Details{w.Name, w.Code, w.Location, slices.Clone(w.ServesShopIDs), w.Priority, w.IsActive}
}

// tell notes that the shops' sourcings have to hear of the current version. What
// they were to hear of an older one they need not any more.
func (s *State) tell(shops []entrepot.ID) {
	for _, shop := range shops {
		s.Untold = slices.DeleteFunc(s.Untold, func(u Untold) bool { return u.ShopID == shop })
		s.Untold = append(s.Untold, Untold{shop, s.Version})
	}
}

// Settled answers a change once every shop's sourcing knows of it.
func (s *State) settled() (*Warehouse, bool, error) {
	return s.View(), len(s.Untold) == 0, nil
}

// seenBy: admins of the company, and staff of the shops that are served.
func (s *State) seenBy(c entrepot.Caller) bool {
	if s.gone() || !c.MayReachCompany(s.CompanyID) {
		return false
	}
	return c.Administers(s.CompanyID) || slices.ContainsFunc(s.Serves, func(shop entrepot.ID) bool { return c.MayReachShop(s.CompanyID, shop) })
}

// SeenBy reports whether the caller may read the warehouse, for lists.
func (s *State) SeenBy(c entrepot.Caller) bool { return s.seenBy(c) }

// Get answers the warehouse to who may see it.
func (s *State) Get(t entrepot.Turn, _ Get) (*Warehouse, error) {
	if !s.seenBy(t.Caller) {
		return nil, entrepot.ErrNotFound
	}
	return s.View(), nil
}

// View is the warehouse.
func (s *State) View() *Warehouse {
	d, l := &s.Details, &s.Location
	v := &Warehouse{
		ID: s.ID, CompanyID: s.CompanyID, CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt, Version: s.Version,
		Details: DetailsInput{
			Name: d.Name, Code: d.Code, Address: l.Address, City: l.City, State: l.State, Country: l.Country,
			ServesShopIDs: slices.Clone(d.Serves), Priority: d.Priority, IsActive: d.IsActive,
		},
	}
	if p := l.Coordinates; p != nil {
		v.Details.Point = &Point{Lat: p.Lat, Lng: p.Lng}
	}
	return v
}

func detailsOf(m DetailsInput) Details {
	d := Details{
		Name: strings.TrimSpace(m.Name), Code: m.Code, Priority: m.Priority, IsActive: m.IsActive,
		Location: events.Location{Address: m.Address, City: m.City, State: m.State, Country: m.Country},
		Serves:   slices.Clone(m.ServesShopIDs),
	}
	if p := m.Point; p != nil {
		d.Location.Coordinates = &events.Point{Lat: p.Lat, Lng: p.Lng}
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
		return entrepot.Invalid("location.coordinates", "range", "must be degrees on Earth")
	}
	sorted := slices.Clone(d.Serves)
	slices.Sort(sorted)
	if len(slices.Compact(sorted)) != len(d.Serves) {
		return entrepot.Invalid("servesShopIds", "unique", "names a shop twice")
	}
	return nil
}

// public is the warehouse as events tell it.
func (d *Details) public(id, company entrepot.ID, created, updated time.Time) events.Warehouse {
	return events.Warehouse{
		WarehouseID: id, CompanyID: company, Name: d.Name, Code: d.Code, Location: d.Location,
		ServesShopIDs: slices.Clone(d.Serves), Priority: d.Priority, IsActive: d.IsActive, CreatedAt: created, UpdatedAt: updated,
	}
}

func (s *State) createdAt() time.Time { return time.UnixMilli(s.CreatedAt).UTC() }
