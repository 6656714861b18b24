package sourcing

import (
	"entrepot/grains"
	"entrepot/persistence"
)

// Collection is where sourcings are kept, in inventorydb.
var Collection = &persistence.Collection{Name: "sourcings"}

// Index is whose the sourcing is.
func (s *State) Index() grains.Index {
	return grains.Index{CompanyID: s.CompanyID, ShopID: s.ShopID, CreatedAt: s.createdAt()}
}

// Kind is the grain of sourcings. Versions are its memory, and no ring is needed.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	k.Ring = -1
	grains.Command(k, (*State).Place, (*State).Noted)
	grains.Command(k, (*State).Stand, (*State).Noted)
	grains.Command(k, (*State).Configure, (*State).View)
	grains.Query(k, (*State).Get)
	return k
}
