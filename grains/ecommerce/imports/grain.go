package imports

import (
	"entrepot/grains"
	"entrepot/persistence"
)

// Collection is where imports are kept, in ecommercedb.
var Collection = &persistence.Collection{
	Name:    "imports",
	Fields:  []persistence.Field{{Name: "status", Type: persistence.String}},
	Indexes: [][]string{{"companyId", "status", "createdAt"}},
}

// Rows say what became of each row of an import. The _id is made of import and
// row, so that one that is taken again is told of once.
var Rows = &persistence.Collection{
	Name: "importRows",
	Fields: []persistence.Field{
		{Name: "importId", Type: persistence.String},
		{Name: "row", Type: persistence.Int}, // counted from 1
		{Name: "outcome", Type: persistence.String},
	},
	Indexes: [][]string{{"importId", "row"}, {"importId", "outcome", "row"}},
}

// Index is whose the import is.
func (s *State) Index() grains.Index {
	return grains.Index{CompanyID: s.CompanyID, OwnerID: s.UserID, CreatedAt: s.createdAt(), Fields: []any{s.Status}}
}

// Kind is the grain of imports.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	k.Ring = -1 // a chunk counts once by its number
	grains.Command(k, (*State).Start, (*State).View)
	grains.Command(k, (*State).Advance, (*State).View)
	grains.Command(k, (*State).Erase, (*State).View)
	grains.Query(k, (*State).Get)
	return k
}
