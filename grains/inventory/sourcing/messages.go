package sourcing

import (
	"entrepot"
	"entrepot/grains"
)

// Kind is the grain's name in the cluster.
const Name = "Sourcing"

// The strategies by which an order chooses among a shop's locations.
const (
	Priority  = "priority"   // the first in the order of the locations
	MostStock = "most_stock" // the one with the most pieces available
	Nearest   = "nearest"    // the one nearest to where the order goes
)

// ID is the one sourcing of a shop.
func ID(shopID entrepot.ID) entrepot.ID { return entrepot.DeriveID("sourcing", shopID) }

// Of names one grain of the kind.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// Place tells where a warehouse stands in a shop's sourcing. Versions are the
// warehouse's: an older one than was told before changes nothing.
type Place struct {
	ShopID     entrepot.ID
	CompanyID  entrepot.ID
	LocationID entrepot.ID
	Version    int64
	Removed    bool // serves the shop no longer
	Priority   int64
	Point      *Point // unset: unknown
}

type Point struct {
	Lat float64
	Lng float64
}

// Configure sets how a shop's orders choose among its locations.
type Configure struct {
	ShopID          entrepot.ID
	CompanyID       entrepot.ID
	Strategy        string // priority, most_stock, nearest
	ShopPriority    int64  // of the shop itself among the locations
	ShopPoint       *Point
	ExpectedVersion int64 // 0: whatever it is
}

type Get struct {
	ShopID entrepot.ID // answered for a shop that nothing was ever told of: itself alone, by priority
}

// Sourcing is where a shop's orders may be sent from. The locations that are in
// use, the shop itself among them, by priority (lower first), then the shop, then by id.
type Sourcing struct {
	ShopID       entrepot.ID
	CompanyID    entrepot.ID // empty when nothing was ever told
	Locations    []Location
	Strategy     string
	Version      int64 // counts the changes of strategy and shop, for If-Match
	ShopPriority int64
}

type Location struct {
	LocationID entrepot.ID
	Lat        float64 // with has_point
	Lng        float64
	Priority   int64
	HasPoint   bool
}

type Placed struct{}

// Stand tells where the shop itself stands, or that it is no more. Versions are
// the shop's: an older one than was told before changes nothing.
type Stand struct {
	ShopID    entrepot.ID
	CompanyID entrepot.ID
	Version   int64
	Point     *Point // unset: unknown
	Closed    bool
}

func (Place) Answers(*Placed)       {}
func (Configure) Answers(*Sourcing) {}
func (Get) Answers(*Sourcing)       {}
func (Stand) Answers(*Placed)       {}
