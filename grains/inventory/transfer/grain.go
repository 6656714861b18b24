package transfer

import (
	"time"

	"entrepot/grains"
	"entrepot/persistence"
)

// Collection stores transfers in inventorydb. Its documents decode as [Transfer].
var Collection = &persistence.Collection{
	Name: "transfers",
	Fields: []persistence.Field{
		{Name: "status", Type: persistence.String},
		{Name: "fromId", Type: persistence.String},
		{Name: "toId", Type: persistence.String},
	},
	Indexes: [][]string{
		{"companyId", "status", "createdAt"},
		{"companyId", "fromId", "createdAt"},
		{"companyId", "toId", "createdAt"},
		{"status", "createdAt"},
		{"fromId", "createdAt"},
		{"toId", "createdAt"},
	},
}

// Index scopes the transfer to its company, because it belongs to two locations.
func (s *State) Index() grains.Index {
	return grains.Index{
		CompanyID: s.CompanyID, CreatedAt: time.UnixMilli(s.CreatedAt).UTC(),
		Fields: []any{s.PublicStatus(), s.FromID, s.ToID},
	}
}

// Kind returns the kind of grain that keeps one transfer.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	grains.Command(k, (*State).Create, (*State).reply)
	grains.Command(k, (*State).SetLines, (*State).reply)
	grains.Later(k, (*State).Ship, (*State).sent)
	grains.Later(k, (*State).Receive, (*State).received)
	grains.Later(k, (*State).Cancel, (*State).cancelled)
	grains.Query(k, (*State).Get)
	grains.Process(k, process...)
	return k
}
