package mail

import (
	"time"

	"entrepot/grains"
	"entrepot/persistence"
)

// Collection is the outbox of mails, in authdb.
var Collection = &persistence.Collection{
	Name:    "mails",
	Fields:  []persistence.Field{{Name: "open", Type: persistence.Bool}}, // not emptied yet
	Indexes: [][]string{{"open", "createdAt"}},
}

// Index is whose the mail is: the user it is about, or the company that invites.
func (s *State) Index() grains.Index {
	return grains.Index{
		CompanyID: s.CompanyID, OwnerID: s.UserID, CreatedAt: time.UnixMilli(s.CreatedAt).UTC(), Fields: []any{s.To != ""},
	}
}

// Kind is the grain of mails. Putting one twice changes nothing, so no ring of
// recent commands is kept.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	k.Ring = -1
	grains.Command(k, (*State).Put, (*State).View)
	grains.Query(k, (*State).Get)
	return k
}
