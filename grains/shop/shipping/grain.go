package shipping

import (
	"time"

	"entrepot/grains"
	"entrepot/persistence"
)

// Collection holds the shipping rules, in shopdb.
var Collection = &persistence.Collection{Name: "shippingRules"}

// Index scopes the rules to their company and shop.
func (s *State) Index() grains.Index {
	return grains.Index{CompanyID: s.CompanyID, ShopID: s.ShopID, CreatedAt: time.UnixMilli(s.CreatedAt).UTC()}
}

// Kind returns the grain of shipping rules. Its commands set a state and are
// harmless twice, so it keeps no ring of recent commands.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	k.Ring = -1
	grains.Command(k, (*State).Set, (*State).view)
	grains.Command(k, (*State).Remove, (*State).view)
	grains.Query(k, (*State).Get)
	return k
}
