package apikey

import (
	"time"

	"entrepot/grains"
	"entrepot/persistence"
)

// Collection is where keys are kept, in authdb.
var Collection = &persistence.Collection{Name: "apiKeys"}

// Index is whose the key is: the company's.
func (s *State) Index() grains.Index {
	return grains.Index{CompanyID: s.CompanyID, CreatedAt: time.UnixMilli(s.CreatedAt).UTC()}
}

// Kind is the grain of API keys.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	grains.Command(k, (*State).Create, (*State).View)
	grains.Command(k, (*State).Revoke, (*State).View)
	grains.Query(k, (*State).Get)
	grains.Query(k, (*State).Verify)
	return k
}
