package usage

import (
	"time"

	"entrepot/grains"
	"entrepot/persistence"
)

// Collection holds the one document, in authdb.
var Collection = &persistence.Collection{Name: "usage"}

// Index has neither tenant nor owner.
func (s *State) Index() grains.Index {
	return grains.Index{CreatedAt: time.UnixMilli(s.CreatedAt).UTC()}
}

// Kind returns the usage grain. It keeps no ring of recent commands: a report that
// is lost or counted twice does no harm.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	k.Ring = -1
	grains.Later(k, (*State).Report, (*State).reported)
	grains.Query(k, (*State).Since)
	return k
}
