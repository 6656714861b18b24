package apikey

import (
	"time"

	"entrepot/grains"
	"entrepot/persistence"
)

// Collection holds the keys, in authdb.
var Collection = &persistence.Collection{Name: "apiKeys"}

// Index scopes a key to its company.
func (s *State) Index() grains.Index {
	return grains.Index{CompanyID: s.CompanyID, CreatedAt: time.UnixMilli(s.CreatedAt).UTC()}
}

// Kind returns the grain of API keys.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	grains.Command(k, (*State).Create, (*State).view)
	grains.Command(k, (*State).Revoke, (*State).view)
	grains.Query(k, (*State).Get)
	grains.Query(k, (*State).Verify)
	return k
}
