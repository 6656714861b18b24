package sourcing

import (
	"entrepot"
	"entrepot/events"
	"entrepot/grains"
)

// Name is the kind's name in the cluster.
const Name = "Sourcing"

// ID returns the id of a shop's sourcing; each shop has one.
func ID(shopID entrepot.ID) entrepot.ID { return entrepot.DeriveID("sourcing", shopID) }

// Of returns the ref of the sourcing with an id made by [ID].
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// PlaceWarehouse adds, moves or removes a warehouse that serves the shop. A version
// that is not above the last one of this warehouse changes nothing.
type PlaceWarehouse struct {
	ShopID    entrepot.ID
	CompanyID entrepot.ID
	Warehouse Location
	Removed   bool // no longer serves the shop
}

// PlaceShop sets the coordinates of the shop itself, or closes its sourcing. A
// version that is not above the last one of the shop changes nothing.
type PlaceShop struct {
	ShopID    entrepot.ID
	CompanyID entrepot.ID
	Version   int64         // of the shop
	Point     *events.Point // nil: unknown
	Closed    bool          // the shop is deleted
}

// Configure sets how orders of a shop choose among its locations.
type Configure struct {
	ShopID          entrepot.ID
	CompanyID       entrepot.ID
	Strategy        string        // Priority, MostStock or Nearest
	ShopPriority    int64         // of the shop itself among the locations
	ShopPoint       *events.Point // nil: unknown
	ExpectedVersion int64         // 0: any
}

// Get queries the sourcing of a shop. Without stored data the reply is the shop as
// the only location, by priority.
type Get struct {
	ShopID entrepot.ID
}

// Sourcing is the locations from which orders of a shop may be sent.
type Sourcing struct {
	ShopID       entrepot.ID
	CompanyID    entrepot.ID // "": nothing is stored
	Locations    []Location  // in use, with the shop itself, by priority, shop before warehouses, then id
	Strategy     string
	Version      int64 // counts the calls of Configure, for If-Match
	ShopPriority int64
}

func (PlaceWarehouse) Answers(grains.Done) {}
func (PlaceShop) Answers(grains.Done)      {}
func (Configure) Answers(*Sourcing)        {}
func (Get) Answers(*Sourcing)              {}
