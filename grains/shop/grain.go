package shop

import (
	"entrepot/grains"
	"entrepot/grains/shop/shoppb"
	"entrepot/persistence"
)

// Collection is where shops are kept, in shopdb.
var Collection = &persistence.Collection{
	Name: "shops",
	Fields: []persistence.Field{
		{Name: "name", Type: persistence.String},
		{Name: "city", Type: persistence.String},
		{Name: "isActive", Type: persistence.Bool},
	},
	Indexes: [][]string{{"createdAt"}, {"name"}, {"companyId", "name"}, {"isActive", "createdAt"}, {"city", "createdAt"}},
}

// Index is whose the shop is: the company's, and its own, so that it lies in the
// scope of the staff assigned to it.
func (s *State) Index() grains.Index {
	return grains.Index{
		CompanyID: s.CompanyID, ShopID: s.ID, CreatedAt: s.createdAt(),
		Fields: []any{s.Name, s.City, s.IsActive},
	}
}

// Kind is the grain of shops.
func Kind() *grains.Kind {
	k := grains.NewKind[State](shoppb.Kind, Collection)
	grains.Command(k, (*State).Create, (*State).View)
	grains.Query(k, (*State).Get)
	return k
}
