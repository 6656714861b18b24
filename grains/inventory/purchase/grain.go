package purchase

import (
	"time"

	"entrepot/grains"
	"entrepot/persistence"
)

// Collection stores purchase orders in inventorydb. Its documents decode as [Purchase].
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

// Index scopes the purchase order to its location as the shop, so that staff of
// that shop find it.
func (s *State) Index() grains.Index {
	return grains.Index{
		CompanyID: s.CompanyID, ShopID: s.LocationID, CreatedAt: time.UnixMilli(s.CreatedAt).UTC(),
		Fields: []any{s.PublicStatus(), s.SupplierID, s.Number},
	}
}

// Kind returns the kind of grain that keeps one purchase order.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	grains.Command(k, (*State).Create, (*State).reply)
	grains.Command(k, (*State).SetTerms, (*State).reply)
	grains.Later(k, (*State).Order, (*State).ordered)
	grains.Later(k, (*State).Receive, (*State).received)
	grains.Command(k, (*State).Cancel, (*State).reply)
	grains.Query(k, (*State).Get)
	grains.Process(k, process...)
	return k
}
