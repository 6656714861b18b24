package access

import (
	"entrepot/grains"
	"entrepot/persistence"
)

// Collection holds the one document, in authdb.
var Collection = &persistence.Collection{Name: "access"}

// Index belongs to no tenant.
func (s *State) Index() grains.Index { return grains.Index{CreatedAt: s.createdAt()} }

// Kind is the access grain. Its commands say a state to be in, so doing one
// twice changes nothing and no ring of recent commands is kept.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	k.Ring = -1
	grains.Command(k, (*State).Withdraw, (*State).View)
	grains.Command(k, (*State).SetCompany, (*State).View)
	grains.Query(k, (*State).Since)
	return k
}
