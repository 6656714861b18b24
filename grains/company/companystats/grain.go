package companystats

import (
	"entrepot/grains"
	"entrepot/persistence"
)

// Collection is where figures are kept, in companydb.
var Collection = &persistence.Collection{Name: "companyStats"}

// Index is whose the figures are.
func (s *State) Index() grains.Index {
	return grains.Index{CompanyID: s.CompanyID, CreatedAt: s.createdAt()}
}

// Remembered is how many events a company's figures know by id. A consumer has
// no more under way, so what is delivered again is known; what comes back after a
// delay and so many others of the company would count twice.
const Remembered = 512

// Kind is the grain of figures.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	k.Ring = Remembered
	grains.Command(k, (*State).Count, (*State).View)
	grains.Query(k, (*State).Get)
	return k
}
