package series

import (
	"time"

	"entrepot/grains"
	"entrepot/persistence"
)

// Collection stores the number series, in the database of the service that draws
// from them.
var Collection = &persistence.Collection{Name: "series"}

// Index returns the company of the series.
func (s *State) Index() grains.Index {
	return grains.Index{CompanyID: s.CompanyID, CreatedAt: time.UnixMilli(s.CreatedAt).UTC()}
}

// Kind returns the kind of grain of number series. It needs no ring: see the
// package comment.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	k.Ring = -1
	grains.Later(k, (*State).Next, (*State).Drawn)
	return k
}
