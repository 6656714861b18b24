package sourcing

import (
	"time"

	"entrepot/grains"
	"entrepot/persistence"
)

// Collection stores sourcings in inventorydb.
var Collection = &persistence.Collection{Name: "sourcings"}

// Index scopes the sourcing to its shop.
func (s *State) Index() grains.Index {
	return grains.Index{CompanyID: s.CompanyID, ShopID: s.ShopID, CreatedAt: time.UnixMilli(s.CreatedAt).UTC()}
}

// Kind returns the kind of grain that keeps the sourcing of one shop. It needs no
// ring of recent commands, because the versions in the commands make them idempotent.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	k.Ring = -1
	grains.Command(k, (*State).PlaceWarehouse, (*State).done)
	grains.Command(k, (*State).PlaceShop, (*State).done)
	grains.Command(k, (*State).Configure, (*State).reply)
	grains.Query(k, (*State).Get)
	return k
}

func (*State) done() grains.Done { return grains.Done{} }
