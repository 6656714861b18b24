package mail

import (
	"time"

	"entrepot/grains"
	"entrepot/persistence"
)

// Collection holds the mails, in authdb.
var Collection = &persistence.Collection{
	Name:    "mails",
	Fields:  []persistence.Field{{Name: "open", Type: persistence.Bool}}, // still has its address and token
	Indexes: [][]string{{"open", "createdAt"}},
}

// Index scopes a mail to the user it is about, or to the inviting company.
func (s *State) Index() grains.Index {
	return grains.Index{
		CompanyID: s.CompanyID, OwnerID: s.UserID, CreatedAt: time.UnixMilli(s.CreatedAt).UTC(),
		Fields: []any{s.To != ""},
	}
}

// Kind returns the grain of mails. A second Put changes nothing, so it keeps no
// ring of recent commands.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	k.Ring = -1
	grains.Command(k, (*State).Put, (*State).view)
	grains.Query(k, (*State).Get)
	return k
}
