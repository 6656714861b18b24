package invitation

import (
	"time"

	"entrepot/grains"
	"entrepot/persistence"
)

// Collection holds the invitations, in authdb.
var Collection = &persistence.Collection{
	Name:    "invitations",
	Fields:  []persistence.Field{{Name: "status", Type: persistence.String}},
	Indexes: [][]string{{"companyId", "status", "createdAt"}, {"status", "createdAt"}},
}

// Index scopes an invitation to the inviting company.
func (s *State) Index() grains.Index {
	return grains.Index{
		CompanyID: s.CompanyID, CreatedAt: time.UnixMilli(s.CreatedAt).UTC(), Fields: []any{s.view().Status},
	}
}

// Kind returns the grain of invitations.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	grains.Command(k, (*State).Invite, (*State).view)
	grains.Command(k, (*State).Revoke, (*State).view)
	grains.Later(k, (*State).Accept, (*State).settled)
	grains.Query(k, (*State).Check)
	grains.Query(k, (*State).Get)
	process(k)
	return k
}

// Listed makes a view of invitations one of saved documents, for lists.
func Listed[V any](view func(*Invitation) V) func(*State, *persistence.Document) V {
	return func(s *State, _ *persistence.Document) V { return view(s.view()) }
}
