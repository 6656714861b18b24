package purchase

import (
	"entrepot/grains"
	"entrepot/persistence"
)

// Collection is where purchase orders are kept, in inventorydb.
var Collection = &persistence.Collection{
	Name: "purchaseOrders",
	Fields: []persistence.Field{
		{Name: "status", Type: persistence.String},
		{Name: "supplierId", Type: persistence.String},
		{Name: "number", Type: persistence.String},
	},
	Indexes: [][]string{
		{"companyId", "shopId", "createdAt"},
		{"companyId", "status", "createdAt"},
		{"companyId", "supplierId", "createdAt"},
		{"status", "createdAt"},
		{"shopId", "status", "createdAt"},
	},
}

// Index is whose the purchase order is: its location's, so that it lies in the
// scope of the staff of that shop.
func (s *State) Index() grains.Index {
	return grains.Index{
		CompanyID: s.CompanyID, ShopID: s.LocationID, CreatedAt: s.createdAt(),
		Fields: []any{s.shown(), s.SupplierID, s.Number},
	}
}

// Kind is the purchase order's grain.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	grains.Command(k, (*State).Create, (*State).View)
	grains.Command(k, (*State).SetTerms, (*State).View)
	grains.Later(k, (*State).Order, (*State).numbered)
	grains.Later(k, (*State).Receive, (*State).taken)
	grains.Command(k, (*State).Cancel, (*State).View)
	grains.Query(k, (*State).Get)

	grains.Steps(k, steps)
	grains.Command(k, (*State).Numbered, (*State).View)
	grains.Command(k, (*State).Booked, (*State).View)
	return k
}
