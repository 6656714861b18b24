package shop

import (
	"time"

	"entrepot/grains"
	"entrepot/persistence"
)

// Collection is where shops are kept, in shopdb. cell is where on the map a shop
// stands (see [Cell]); deletedAt has a value for deleted shops only.
var Collection = &persistence.Collection{
	Name: "shops",
	Fields: []persistence.Field{
		{Name: "name", Type: persistence.String},
		{Name: "city", Type: persistence.String},
		{Name: "isActive", Type: persistence.Bool},
		{Name: "cell", Type: persistence.String},
		{Name: "deletedAt", Type: persistence.Time},
	},
	Indexes: [][]string{
		{"createdAt"}, {"name"}, {"companyId", "name"}, {"isActive", "createdAt"}, {"city", "createdAt"}, {"cell"}, {"isActive", "cell"}, {"companyId", "cell"},
	},
}

// Sales are what the events of orders and payments say of the shops' performance,
// a row an event, written by the shop service's consumer. The _id is the event's,
// so that an event delivered twice counts once; createdAt is when it occurred.
var Sales = &persistence.Collection{
	Name: "shopSales",
	Fields: []persistence.Field{
		{Name: "what", Type: persistence.String},
		{Name: "amount", Type: persistence.Int}, // minor units of the currency
		{Name: "currency", Type: persistence.String},
	},
	Indexes: [][]string{{"companyId", "shopId", "createdAt"}},
}

// Index is whose the shop is: the company's, and its own, so that it lies in the
// scope of the staff assigned to it.
func (s *State) Index() grains.Index {
	var at, deleted any
	if s.Point != nil {
		at = Cell(*s.Point)
	}
	if s.DeletedAt != 0 {
		deleted = time.UnixMilli(s.DeletedAt).UTC()
	}
	return grains.Index{
		CompanyID: s.CompanyID, ShopID: s.ID, CreatedAt: s.createdAt(),
		Fields: []any{s.Name, s.City, s.IsActive, at, deleted},
	}
}

// Kind is the grain of shops.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	grains.Later(k, (*State).Create, (*State).created)
	grains.Command(k, (*State).Update, (*State).View)
	grains.Later(k, (*State).Delete, (*State).deleted)
	grains.Later(k, (*State).Assign, (*State).assigned)
	grains.Query(k, (*State).Get)

	grains.Steps(k, steps)
	grains.Command(k, (*State).StaffTold, (*State).View)
	return k
}
