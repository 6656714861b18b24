package usage

import (
	"time"

	"entrepot/grains"
	"entrepot/persistence"
)

// Collection is where the one document is kept, in authdb.
var Collection = &persistence.Collection{Name: "usage"}

// Index says that it is nobody's.
func (s *State) Index() grains.Index {
	return grains.Index{CreatedAt: time.UnixMilli(s.CreatedAt).UTC()}
}

// Kind is the grain of usage. A report that is lost or counted twice does not matter.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	k.Ring = -1
	grains.Later(k, (*State).Report, (*State).reported)
	grains.Query(k, (*State).Since)
	return k
}
