// Package sourcing keeps the locations from which orders of one shop may be sent:
// the shop itself and the warehouses that serve it, in order, and the strategy by
// which an order chooses among them.
//
// Commands: PlaceWarehouse (from the warehouses' process), PlaceShop (from the
// shop's events), Configure. Queries: Get. Persisted: the whole [State].
package sourcing

import (
	"cmp"
	"slices"

	"entrepot"
	"entrepot/events"
)

// Strategies by which an order chooses among the locations of a shop.
const (
	Priority  = "priority"   // the first in the order of the locations
	MostStock = "most_stock" // the location with the most available pieces
	Nearest   = "nearest"    // the location nearest to the destination of the order
)

// MaxPlaces is how many warehouses may serve one shop.
const MaxPlaces = 200

// maxGone is how many removed warehouses are remembered, so that a late command of
// such a warehouse does not add it again.
const maxGone = 200

// State is the sourcing of a shop. The zero State is the shop alone, by priority.
type State struct {
	ShopID       entrepot.ID   `json:"shopId,omitempty"`
	CompanyID    entrepot.ID   `json:"companyId,omitempty"`
	Strategy     string        `json:"strategy,omitempty"` // "": Priority
	ShopPriority int64         `json:"shopPriority,omitempty"`
	ShopPoint    *events.Point `json:"shopPoint,omitempty"`
	Places       []Location    `json:"places,omitempty"` // warehouses in use, by priority, then id
	Gone         []Location    `json:"gone,omitempty"`   // removed warehouses, oldest first
	Version      int64         `json:"version,omitempty"`
	CreatedAt    int64         `json:"created,omitempty"`     // Unix ms
	ShopVersion  int64         `json:"shopVersion,omitempty"` // of the last PlaceShop
	Closed       bool          `json:"closed,omitempty"`      // the shop is deleted
}

// Location is a warehouse that serves the shop, or the shop itself.
type Location struct {
	LocationID entrepot.ID   `json:"id"`
	Version    int64         `json:"version"`            // of the warehouse or shop
	Priority   int64         `json:"priority,omitempty"` // lower first
	Point      *events.Point `json:"point,omitempty"`    // nil: unknown
}

// Facts of the sourcing; the coordinates stay out of the public one.
type (
	warehousePlaced struct {
		events.Private
		shopID, companyID entrepot.ID
		warehouse         Location
		removed           bool
		at                int64
	}
	shopPlaced struct {
		events.Private
		shopID, companyID entrepot.ID
		version           int64
		point             *events.Point
		closed            bool
		at                int64
	}
	configured struct {
		events.SourcingUpdated
		point *events.Point
		at    int64
	}
)

// PlaceWarehouse adds, moves or removes a warehouse.
func (s *State) PlaceWarehouse(t entrepot.Turn, c PlaceWarehouse) ([]events.Event, error) {
	if err := t.RequireSystem(); err != nil {
		return nil, err
	}
	w := c.Warehouse
	switch {
	case !s.isOf(t.ID, c.ShopID, c.CompanyID):
		return nil, entrepot.ErrNotFound
	case s.Closed, w.Version <= s.versionOf(w.LocationID):
		return nil, nil
	case !c.Removed && len(s.Places) >= MaxPlaces && !slices.ContainsFunc(s.Places, hasID(w.LocationID)):
		return nil, entrepot.Errorf(entrepot.CodeConflict, "a shop is served by at most %d warehouses", MaxPlaces)
	}
	w.Point = clone(w.Point)
	return []events.Event{warehousePlaced{
		shopID: c.ShopID, companyID: c.CompanyID, warehouse: w, removed: c.Removed, at: t.Now.UnixMilli(),
	}}, nil
}

// PlaceShop sets the coordinates of the shop, or closes its sourcing. A closed
// sourcing has no warehouses.
func (s *State) PlaceShop(t entrepot.Turn, c PlaceShop) ([]events.Event, error) {
	if err := t.RequireSystem(); err != nil {
		return nil, err
	}
	switch {
	case !s.isOf(t.ID, c.ShopID, c.CompanyID):
		return nil, entrepot.ErrNotFound
	case s.Closed, c.Version <= s.ShopVersion:
		return nil, nil
	case !c.Closed && same(c.Point, s.ShopPoint):
		return nil, nil
	}
	return []events.Event{shopPlaced{
		shopID: c.ShopID, companyID: c.CompanyID, version: c.Version, point: clone(c.Point),
		closed: c.Closed, at: t.Now.UnixMilli(),
	}}, nil
}

// Configure sets the strategy, and the priority and coordinates of the shop itself.
func (s *State) Configure(t entrepot.Turn, c Configure) ([]events.Event, error) {
	switch {
	case s.Closed, !s.isOf(t.ID, c.ShopID, c.CompanyID), !t.Caller.MayReachShop(c.CompanyID, c.ShopID):
		return nil, entrepot.ErrNotFound
	case !t.Caller.Administers(c.CompanyID):
		return nil, entrepot.Errorf(entrepot.CodeForbidden, "only admins may configure the sourcing of a shop")
	case c.Strategy != Priority && c.Strategy != MostStock && c.Strategy != Nearest:
		return nil, entrepot.Invalid("strategy", "enum", "must be priority, most_stock or nearest")
	}
	if err := entrepot.CheckVersion(c.ExpectedVersion, s.Version); err != nil {
		return nil, err
	}
	return []events.Event{configured{
		SourcingUpdated: events.SourcingUpdated{
			ShopID: c.ShopID, CompanyID: c.CompanyID, Strategy: c.Strategy, ShopPriority: c.ShopPriority, UpdatedAt: t.Now,
		},
		point: clone(c.ShopPoint), at: t.Now.UnixMilli(),
	}}, nil
}

// Get returns the sourcing to staff of the company and to the platform.
func (s *State) Get(t entrepot.Turn, c Get) (*Sourcing, error) {
	if s.ShopID == "" {
		fresh := State{ShopID: c.ShopID}
		return fresh.reply(), nil
	}
	if !t.Caller.MayReachCompany(s.CompanyID) {
		return nil, entrepot.ErrNotFound
	}
	return s.reply(), nil
}

// reply returns the sourcing with the shop itself among the locations.
func (s *State) reply() *Sourcing {
	at, _ := slices.BinarySearchFunc(s.Places, s.ShopPriority, func(l Location, priority int64) int {
		return cmp.Compare(l.Priority, priority)
	})
	shop := Location{LocationID: s.ShopID, Version: s.ShopVersion, Priority: s.ShopPriority, Point: s.ShopPoint}
	locations := slices.Insert(slices.Clone(s.Places), at, shop)
	for i := range locations {
		locations[i].Point = clone(locations[i].Point)
	}
	return &Sourcing{
		ShopID: s.ShopID, CompanyID: s.CompanyID, Locations: locations, Strategy: cmp.Or(s.Strategy, Priority),
		Version: s.Version, ShopPriority: s.ShopPriority,
	}
}

// isOf reports whether the grain with an id is the sourcing of a company's shop.
func (s *State) isOf(id, shop, company entrepot.ID) bool {
	return id == ID(shop) && (s.CompanyID == "" || s.CompanyID == company)
}

// versionOf returns the last version of a warehouse; 0 for none.
func (s *State) versionOf(warehouse entrepot.ID) int64 {
	for _, known := range [][]Location{s.Places, s.Gone} {
		if i := slices.IndexFunc(known, hasID(warehouse)); i >= 0 {
			return known[i].Version
		}
	}
	return 0
}

func hasID(id entrepot.ID) func(Location) bool {
	return func(l Location) bool { return l.LocationID == id }
}

func clone(p *events.Point) *events.Point {
	if p == nil {
		return nil
	}
	return new(*p)
}

func same(a, b *events.Point) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// Apply changes the state by one fact.
func (s *State) Apply(e events.Event) {
	switch f := e.(type) {
	case warehousePlaced:
		s.begin(f.shopID, f.companyID, f.at)
		s.place(f.warehouse, f.removed)
	case shopPlaced:
		s.begin(f.shopID, f.companyID, f.at)
		s.ShopVersion, s.ShopPoint, s.Closed = f.version, f.point, f.closed
		if s.Closed {
			s.Places, s.Gone = nil, nil
		}
	case configured:
		s.begin(f.ShopID, f.CompanyID, f.at)
		s.Strategy, s.ShopPriority, s.ShopPoint = f.Strategy, f.ShopPriority, f.point
		s.Version++
	}
}

func (s *State) begin(shop, company entrepot.ID, at int64) {
	if s.ShopID == "" {
		s.ShopID, s.CompanyID, s.CreatedAt = shop, company, at
	}
}

func (s *State) place(w Location, removed bool) {
	s.Places = slices.DeleteFunc(s.Places, hasID(w.LocationID))
	s.Gone = slices.DeleteFunc(s.Gone, hasID(w.LocationID))
	if removed {
		s.Gone = append(s.Gone, Location{LocationID: w.LocationID, Version: w.Version})
		s.Gone = s.Gone[max(0, len(s.Gone)-maxGone):]
		return
	}
	s.Places = append(s.Places, w)
	slices.SortFunc(s.Places, func(a, b Location) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.LocationID, b.LocationID))
	})
}
