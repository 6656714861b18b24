package shipping

import (
	"time"

	"entrepot/grains"
	"entrepot/persistence"
)

// Collection is where shipping rules are kept, in shopdb.
var Collection = &persistence.Collection{Name: "shippingRules"}

// Index is whose the rules are.
func (s *State) Index() grains.Index {
	return grains.Index{CompanyID: s.CompanyID, ShopID: s.ShopID, CreatedAt: time.UnixMilli(s.CreatedAt).UTC()}
}

// Kind is the grain of shipping rules. Versions are its memory, and no ring is needed.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	k.Ring = -1
	grains.Command(k, (*State).Set, (*State).View)
	grains.Command(k, (*State).Remove, (*State).View)
	grains.Query(k, (*State).Get)
	return k
}
