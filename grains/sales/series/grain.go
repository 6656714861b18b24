package series

import (
	"entrepot/grains"
	"entrepot/persistence"
)

// Collection is where number series are kept, in the database of the service
// that draws from them.
var Collection = &persistence.Collection{Name: "series"}

// Index is whose the series is.
func (s *State) Index() grains.Index {
	return grains.Index{CompanyID: s.CompanyID, CreatedAt: s.createdAt()}
}

// Kind is the grain of number series.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	k.Ring = -1
	grains.Later(k, (*State).Next, (*State).Drawn)
	return k
}
