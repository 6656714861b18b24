package invitation

import (
	"time"

	"entrepot/grains"
	"entrepot/persistence"
)

// Collection is where invitations are kept, in authdb.
var Collection = &persistence.Collection{
	Name:    "invitations",
	Fields:  []persistence.Field{{Name: "status", Type: persistence.String}},
	Indexes: [][]string{{"companyId", "status", "createdAt"}, {"status", "createdAt"}},
}

// Index is whose the invitation is: the company's that invites.
func (s *State) Index() grains.Index {
	return grains.Index{CompanyID: s.CompanyID, CreatedAt: time.UnixMilli(s.CreatedAt).UTC(), Fields: []any{s.View().Status}}
}

// Kind is the grain of invitations.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	grains.Command(k, (*State).Invite, (*State).View)
	grains.Command(k, (*State).Revoke, (*State).View)
	grains.Later(k, (*State).Accept, (*State).settled)
	grains.Query(k, (*State).Check)
	grains.Query(k, (*State).Get)

	grains.Steps(k, steps)
	grains.Command(k, (*State).MailWritten, (*State).View)
	grains.Command(k, (*State).Registered, (*State).View)
	return k
}
