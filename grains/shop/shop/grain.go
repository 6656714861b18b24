package shop

import (
	"time"

	"entrepot/grains"
	"entrepot/persistence"
)

// Collection holds the shops, in shopdb. cell is the place of a shop on the map (see
// [Cell]); only deleted shops have a deletedAt.
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
		{"createdAt"},
		{"name"},
		{"companyId", "name"},
		{"isActive", "createdAt"},
		{"city", "createdAt"},
		{"cell"},
		{"isActive", "cell"},
		{"companyId", "cell"},
	},
}

// Sales holds the shops' performance, one row for each event of orders and payments,
// written by the shop service's consumer. The _id is the event's, so that an event
// delivered twice counts once; createdAt is the time of the event.
var Sales = &persistence.Collection{
	Name: "shopSales",
	Fields: []persistence.Field{
		{Name: "what", Type: persistence.String},
		{Name: "amount", Type: persistence.Int}, // minor units of the currency
		{Name: "currency", Type: persistence.String},
	},
	Indexes: [][]string{{"companyId", "shopId", "createdAt"}},
}

// Index scopes a shop to its company and to itself, so that its staff may see it.
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

// Kind returns the grain of shops.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	grains.Later(k, (*State).Create, (*State).created)
	grains.Command(k, (*State).Update, (*State).view)
	grains.Later(k, (*State).Delete, (*State).deleted)
	grains.Later(k, (*State).Assign, (*State).assigned)
	grains.Query(k, (*State).Get)
	process(k)
	return k
}
