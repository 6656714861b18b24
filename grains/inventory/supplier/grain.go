package supplier

import (
	"entrepot/grains"
	"entrepot/persistence"
)

// Collection is where suppliers are kept, in inventorydb.
var Collection = &persistence.Collection{
	Name: "suppliers",
	Fields: []persistence.Field{
		{Name: "name", Type: persistence.String},
		{Name: "isActive", Type: persistence.Bool},
		{Name: "isDeleted", Type: persistence.Bool},
	},
	Indexes: [][]string{{"companyId", "isDeleted", "createdAt"}, {"isDeleted", "createdAt"}},
}

// Index is whose the supplier is.
func (s *State) Index() grains.Index {
	return grains.Index{CompanyID: s.CompanyID, CreatedAt: s.createdAt(), Fields: []any{s.Name, s.IsActive, s.DeletedAt != 0}}
}

// Kind is the grain of suppliers.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	grains.Command(k, (*State).Create, (*State).View)
	grains.Command(k, (*State).Update, (*State).View)
	grains.Command(k, (*State).Delete, (*State).View)
	grains.Query(k, (*State).Get)
	return k
}
