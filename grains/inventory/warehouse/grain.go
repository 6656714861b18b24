package warehouse

import (
	"time"

	"entrepot/grains"
	"entrepot/persistence"
)

// Collection stores warehouses in inventorydb. Its documents decode as [Warehouse].
// Deleting a warehouse frees its code.
var Collection = &persistence.Collection{
	Name: "warehouses",
	Fields: []persistence.Field{
		{Name: "name", Type: persistence.String},
		{Name: "isActive", Type: persistence.Bool},
		{Name: "isDeleted", Type: persistence.Bool},
		{Name: "code", Type: persistence.String, Unique: true}, // company:code
	},
	Indexes: [][]string{{"companyId", "isDeleted", "createdAt"}, {"isDeleted", "createdAt"}},
}

// Index scopes the warehouse to its company.
func (s *State) Index() grains.Index {
	var code any
	if s.DeletedAt == 0 {
		code = s.CompanyID + ":" + s.Code
	}
	return grains.Index{
		CompanyID: s.CompanyID, CreatedAt: time.UnixMilli(s.CreatedAt).UTC(),
		Fields: []any{s.Name, s.IsActive, s.DeletedAt != 0, code},
	}
}

// Kind returns the kind of grain that keeps one warehouse.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	grains.Later(k, (*State).Create, settled[Create])
	grains.Later(k, (*State).Update, settled[Update])
	grains.Later(k, (*State).Delete, settled[Delete])
	grains.Query(k, (*State).Get)
	grains.Process(k, process...)
	return k
}
