package companystats

import (
	"time"

	"entrepot/grains"
	"entrepot/persistence"
)

// Collection holds the figures, in companydb.
var Collection = &persistence.Collection{Name: "companyStats"}

// Index scopes the figures to their company.
func (s *State) Index() grains.Index {
	return grains.Index{CompanyID: s.CompanyID, CreatedAt: time.UnixMilli(s.CreatedAt).UTC()}
}

// Remembered is the number of events that a company's figures remember by id. The
// consumer has no more in flight, so a redelivery is recognized; an event that
// returns after this many others of the company would count twice.
const Remembered = 512

// Kind returns the grain of figures.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	k.Ring = Remembered
	grains.Command(k, (*State).Count, (*State).stats)
	grains.Query(k, (*State).Get)
	return k
}
