// Package sourcing is where one shop's orders may be sent from: the shop itself
// and the warehouses that serve it, in order, and the strategy to choose by.
//
// Commands: Place (by the warehouses' process), Stand (by the shop's events),
// Configure. Queries: Get, answered from memory alone. Persisted: the whole [State].
package sourcing

import (
	"cmp"
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
)

// MaxPlaces is how many warehouses may serve one shop.
const MaxPlaces = 200

// maxGone is how many warehouses that serve the shop no longer are remembered,
// so that a late word of one does not bring it back.
const maxGone = 200

// State is a shop's sourcing. The zero State is that of a shop nothing was told of.
type State struct {
	ShopID       entrepot.ID   `json:"shopId,omitempty"`
	CompanyID    entrepot.ID   `json:"companyId,omitempty"`
	Strategy     string        `json:"strategy,omitempty"` // empty: by priority
	ShopPriority int64         `json:"shopPriority,omitempty"`
	ShopPoint    *events.Point `json:"shopPoint,omitempty"`
	Places       []Site        `json:"places,omitempty"` // by priority, then id
	Gone         []Site        `json:"gone,omitempty"`   // oldest first
	Version      int64         `json:"version,omitempty"`
	CreatedAt    int64         `json:"created,omitempty"`     // Unix ms
	ShopVersion  int64         `json:"shopVersion,omitempty"` // of the shop, as it told last
	Closed       bool          `json:"closed,omitempty"`      // the shop is no more
}

// Place is a warehouse that serves the shop.
type Site struct {
	LocationID entrepot.ID   `json:"id"`
	Version    int64         `json:"version"` // of the warehouse
	Priority   int64         `json:"priority,omitempty"`
	Point      *events.Point `json:"point,omitempty"`
}

// placed is the fact that a warehouse serves the shop, or does no longer.
type placed struct {
	events.Private
	shopID, companyID entrepot.ID
	place             Site
	removed           bool
	at                int64
}

// stood is the fact that the shop told where it stands, or that it is no more.
type stood struct {
	events.Private
	shopID, companyID entrepot.ID
	version           int64
	point             *events.Point
	closed            bool
	at                int64
}

// configured carries the shop's own point, which the public fact does not need.
type configured struct {
	events.SourcingUpdated
	point *events.Point
	at    int64
}

// Place takes what a warehouse says of itself.
func (s *State) Place(t entrepot.Turn, c Place) ([]events.Event, error) {
	switch {
	case t.Caller.Role != entrepot.System, t.ID != ID(c.ShopID), s.CompanyID != "" && s.CompanyID != c.CompanyID:
		return nil, entrepot.ErrNotFound
	case s.Closed, s.knows(c.LocationID) >= c.Version:
		return nil, nil
	case !c.Removed && len(s.Places) >= MaxPlaces && !slices.ContainsFunc(s.Places, is(c.LocationID)):
		return nil, entrepot.Errorf(entrepot.CodeConflict, "a shop is served by at most %d warehouses", MaxPlaces)
	}
	return []events.Event{placed{
		shopID: c.ShopID, companyID: c.CompanyID, removed: c.Removed, at: t.Now.UnixMilli(),
		place: Site{LocationID: c.LocationID, Version: c.Version, Priority: c.Priority, Point: pointOf(c.Point)},
	}}, nil
}

// Stand takes what the shop says of itself. One that is no more is served by nobody.
func (s *State) Stand(t entrepot.Turn, c Stand) ([]events.Event, error) {
	switch {
	case t.Caller.Role != entrepot.System, t.ID != ID(c.ShopID), s.CompanyID != "" && s.CompanyID != c.CompanyID:
		return nil, entrepot.ErrNotFound
	case s.Closed, c.Version <= s.ShopVersion:
		return nil, nil
	}
	point := pointOf(c.Point)
	if !c.Closed && (point == nil) == (s.ShopPoint == nil) && (point == nil || *point == *s.ShopPoint) {
		return nil, nil // known
	}
	return []events.Event{stood{shopID: c.ShopID, companyID: c.CompanyID, version: c.Version, point: point, closed: c.Closed, at: t.Now.UnixMilli()}}, nil
}

// Configure sets the strategy and where the shop itself stands in the order.
func (s *State) Configure(t entrepot.Turn, c Configure) ([]events.Event, error) {
	switch {
	case s.Closed, t.ID != ID(c.ShopID), !t.Caller.MayReachShop(c.CompanyID, c.ShopID), s.CompanyID != "" && s.CompanyID != c.CompanyID:
		return nil, entrepot.ErrNotFound
	case !t.Caller.Administers(c.CompanyID):
		return nil, entrepot.Errorf(entrepot.CodeForbidden, "only admins say how a shop is sourced")
	case c.Strategy != Priority && c.Strategy != MostStock && c.Strategy != Nearest:
		return nil, entrepot.Invalid("strategy", "enum", "must be priority, most_stock or nearest")
	}
	if err := entrepot.CheckVersion(c.ExpectedVersion, s.Version); err != nil {
		return nil, err
	}
	return []events.Event{configured{
		SourcingUpdated: events.SourcingUpdated{ShopID: c.ShopID, CompanyID: c.CompanyID, Strategy: c.Strategy, ShopPriority: c.ShopPriority, UpdatedAt: t.Now},
		point:           pointOf(c.ShopPoint), at: t.Now.UnixMilli(),
	}}, nil
}

// Apply changes the state by one fact.
func (s *State) Apply(e events.Event) {
	switch f := e.(type) {
	case placed:
		s.begin(f.shopID, f.companyID, f.at)
		s.Places = slices.DeleteFunc(s.Places, is(f.place.LocationID))
		s.Gone = slices.DeleteFunc(s.Gone, is(f.place.LocationID))
		if f.removed {
			s.Gone = append(s.Gone, Site{LocationID: f.place.LocationID, Version: f.place.Version})
			s.Gone = s.Gone[max(0, len(s.Gone)-maxGone):]
			return
		}
		s.Places = append(s.Places, f.place)
		slices.SortFunc(s.Places, func(a, b Site) int {
			return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.LocationID, b.LocationID))
		})
	case stood:
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

// knows is the version that a location was last told of in; 0 for never.
func (s *State) knows(location entrepot.ID) int64 {
	for _, known := range [][]Site{s.Places, s.Gone} {
		if i := slices.IndexFunc(known, is(location)); i >= 0 {
			return known[i].Version
		}
	}
	return 0
}

// Get answers the locations in order to staff of the company and to the platform.
func (s *State) Get(t entrepot.Turn, c Get) (*Sourcing, error) {
	if s.ShopID == "" {
		fresh := State{ShopID: c.ShopID}
		return fresh.View(), nil
	}
	if !t.Caller.MayReachCompany(s.CompanyID) {
		return nil, entrepot.ErrNotFound
	}
	return s.View(), nil
}

// View is the sourcing with the shop itself at its place.
func (s *State) View() *Sourcing {
	v := &Sourcing{
		ShopID: s.ShopID, CompanyID: s.CompanyID, Strategy: cmp.Or(s.Strategy, Priority),
		Version: s.Version, ShopPriority: s.ShopPriority,
	}
	shop, stands := location(Site{LocationID: s.ShopID, Priority: s.ShopPriority, Point: s.ShopPoint}), false
	for _, p := range s.Places {
		if !stands && p.Priority >= s.ShopPriority {
			v.Locations, stands = append(v.Locations, shop), true
		}
		v.Locations = append(v.Locations, location(p))
	}
	if !stands {
		v.Locations = append(v.Locations, shop)
	}
	return v
}

// Noted answers Place.
func (s *State) Noted() *Placed { return &Placed{} }

func location(p Site) Location {
	l := Location{LocationID: p.LocationID, Priority: p.Priority}
	if p.Point != nil {
		l.Lat, l.Lng, l.HasPoint = p.Point.Lat, p.Point.Lng, true
	}
	return l
}

func pointOf(p *Point) *events.Point {
	if p == nil {
		return nil
	}
	return &events.Point{Lat: p.Lat, Lng: p.Lng}
}

func is(id entrepot.ID) func(Site) bool { return func(p Site) bool { return p.LocationID == id } }

func (s *State) createdAt() time.Time { return time.UnixMilli(s.CreatedAt).UTC() }
