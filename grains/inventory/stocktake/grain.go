package stocktake

import (
	"time"

	"entrepot/grains"
	"entrepot/persistence"
)

// Collection stores stocktakes in inventorydb. Its documents decode as [Stocktake].
var Collection = &persistence.Collection{
	Name:   "stocktakes",
	Fields: []persistence.Field{{Name: "status", Type: persistence.String}},
	Indexes: [][]string{
		{"companyId", "shopId", "createdAt"},
		{"companyId", "status", "createdAt"},
		{"status", "createdAt"},
	},
}

// Index scopes the stocktake to its location as the shop, so that staff of that
// shop find it.
func (s *State) Index() grains.Index {
	return grains.Index{
		CompanyID: s.CompanyID, ShopID: s.LocationID, CreatedAt: time.UnixMilli(s.CreatedAt).UTC(),
		Fields: []any{s.Status},
	}
}

// Kind returns the kind of grain that keeps one stocktake.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	grains.Command(k, (*State).Begin, (*State).reply)
	grains.Command(k, (*State).SetCounts, (*State).reply)
	grains.Later(k, (*State).Close, (*State).closed)
	grains.Command(k, (*State).Cancel, (*State).reply)
	grains.Query(k, (*State).Get)
	grains.Process(k, process...)
	return k
}
