package transfer

import (
	"entrepot/grains"
	"entrepot/persistence"
)

// Collection is where transfers are kept, in inventorydb.
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

// Index is whose the transfer is: the company's, as it belongs to two locations.
func (s *State) Index() grains.Index {
	return grains.Index{
		CompanyID: s.CompanyID, CreatedAt: s.createdAt(),
		Fields: []any{s.shown(), s.FromID, s.ToID},
	}
}

// Kind is the transfer's grain.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	grains.Command(k, (*State).Create, (*State).View)
	grains.Command(k, (*State).SetLines, (*State).View)
	grains.Later(k, (*State).Ship, (*State).sent)
	grains.Later(k, (*State).Receive, (*State).taken)
	grains.Later(k, (*State).Cancel, (*State).ended)
	grains.Query(k, (*State).Get)

	grains.Steps(k, steps)
	grains.Command(k, (*State).Held, (*State).View)
	grains.Command(k, (*State).Freed, (*State).View)
	grains.Command(k, (*State).Shipped, (*State).View)
	grains.Command(k, (*State).Booked, (*State).View)
	grains.Command(k, (*State).Returned, (*State).View)
	return k
}
