package access

import (
	"time"

	"entrepot/grains"
	"entrepot/persistence"
)

// Collection holds the one document, in authdb.
var Collection = &persistence.Collection{Name: "access"}

// Index has neither tenant nor owner.
func (s *State) Index() grains.Index {
	return grains.Index{CreatedAt: time.UnixMilli(s.CreatedAt).UTC()}
}

// Kind returns the access grain. Its commands set a state and are harmless twice,
// so it keeps no ring of recent commands.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	k.Ring = -1
	grains.Command(k, (*State).Withdraw, (*State).upTo)
	grains.Command(k, (*State).SetCompany, (*State).upTo)
	grains.Query(k, (*State).Since)
	return k
}
