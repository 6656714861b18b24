package company

import (
	"entrepot/grains"
	"entrepot/grains/company/companypb"
	"entrepot/persistence"
)

// Collection is where companies are kept, in companydb.
var Collection = &persistence.Collection{
	Name: "companies",
	Fields: []persistence.Field{
		{Name: "slug", Type: persistence.String, Unique: true},
		{Name: "name", Type: persistence.String},
		{Name: "isActive", Type: persistence.Bool},
	},
	Indexes: [][]string{{"createdAt"}, {"name"}, {"isActive", "createdAt"}},
}

// Index is whose the company is: its own, so that it lies in its staff's scope.
// Its ownerId stays out of the index, where an owner is a customer.
func (s *State) Index() grains.Index {
	return grains.Index{CompanyID: s.ID, CreatedAt: s.createdAt(), Fields: []any{s.Slug, s.Name, s.IsActive}}
}

// Kind is the grain of companies.
func Kind() *grains.Kind {
	k := grains.NewKind[State](companypb.Kind, Collection)
	grains.Command(k, (*State).Create, (*State).View)
	grains.Query(k, (*State).Get)
	return k
}
