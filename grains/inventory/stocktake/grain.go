package stocktake

import (
	"entrepot/grains"
	"entrepot/persistence"
)

// Collection is where stocktakes are kept, in inventorydb.
var Collection = &persistence.Collection{
	Name:    "stocktakes",
	Fields:  []persistence.Field{{Name: "status", Type: persistence.String}},
	Indexes: [][]string{{"companyId", "shopId", "createdAt"}, {"companyId", "status", "createdAt"}, {"status", "createdAt"}},
}

// Index is whose the stocktake is: its location's, so that it lies in the scope
// of the staff of that shop.
func (s *State) Index() grains.Index {
	return grains.Index{CompanyID: s.CompanyID, ShopID: s.LocationID, CreatedAt: s.createdAt(), Fields: []any{s.Status}}
}

// Kind is the stocktake's grain.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	grains.Command(k, (*State).Open, (*State).View)
	grains.Command(k, (*State).SetCounts, (*State).View)
	grains.Later(k, (*State).Close, (*State).closed)
	grains.Command(k, (*State).Cancel, (*State).View)
	grains.Query(k, (*State).Get)

	grains.Steps(k, steps)
	grains.Command(k, (*State).AfterBooking, (*State).Brief)
	return k
}
