package supplier

import (
	"time"

	"entrepot/grains"
	"entrepot/persistence"
)

// Collection stores suppliers in inventorydb. Its documents decode as [Supplier].
var Collection = &persistence.Collection{
	Name: "suppliers",
	Fields: []persistence.Field{
		{Name: "name", Type: persistence.String},
		{Name: "isActive", Type: persistence.Bool},
		{Name: "isDeleted", Type: persistence.Bool},
	},
	Indexes: [][]string{{"companyId", "isDeleted", "createdAt"}, {"isDeleted", "createdAt"}},
}

// Index scopes the supplier to its company.
func (s *State) Index() grains.Index {
	return grains.Index{
		CompanyID: s.CompanyID, CreatedAt: time.UnixMilli(s.CreatedAt).UTC(),
		Fields: []any{s.Name, s.IsActive, s.DeletedAt != 0},
	}
}

// Kind returns the kind of grain that keeps one supplier.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	grains.Command(k, (*State).Create, (*State).reply)
	grains.Command(k, (*State).Update, (*State).reply)
	grains.Command(k, (*State).Delete, (*State).reply)
	grains.Query(k, (*State).Get)
	return k
}
