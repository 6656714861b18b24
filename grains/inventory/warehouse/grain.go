package warehouse

import (
	"entrepot/grains"
	"entrepot/persistence"
)

// Collection is where warehouses are kept, in inventorydb. A deleted one gives
// its code back and is in no list.
var Collection = &persistence.Collection{
	Name: "warehouses",
	Fields: []persistence.Field{
		{Name: "name", Type: persistence.String},
		{Name: "isActive", Type: persistence.Bool},
		{Name: "isDeleted", Type: persistence.Bool},
		{Name: "code", Type: persistence.String, Unique: true}, // company:code
	},
	Indexes: [][]string{{"companyId", "isDeleted", "createdAt"}, {"isDeleted", "createdAt"}},
}

// Index is whose the warehouse is.
func (s *State) Index() grains.Index {
	var code any
	if s.DeletedAt == 0 {
		code = s.CompanyID + ":" + s.Code
	}
	return grains.Index{
		CompanyID: s.CompanyID, CreatedAt: s.createdAt(),
		Fields: []any{s.Name, s.IsActive, s.DeletedAt != 0, code},
	}
}

// Kind is the grain of warehouses.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	grains.Later(k, (*State).Create, func(s *State, _ Create) (*Warehouse, bool, error) { return s.settled() })
	grains.Later(k, (*State).Update, func(s *State, _ Update) (*Warehouse, bool, error) { return s.settled() })
	grains.Later(k, (*State).Delete, func(s *State, _ Delete) (*Warehouse, bool, error) { return s.settled() })
	grains.Query(k, (*State).Get)

	grains.Steps(k, steps)
	grains.Command(k, (*State).Sourced, (*State).View)
	return k
}
