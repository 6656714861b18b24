package imports

import (
	"entrepot/grains"
	"entrepot/persistence"
)

// Collection holds the imports, in ecommercedb.
var Collection = &persistence.Collection{
	Name:    "imports",
	Fields:  []persistence.Field{{Name: "status", Type: persistence.String}},
	Indexes: [][]string{{"companyId", "status", "createdAt"}},
}

// Rows holds the outcome of each row of an import. The _id derives from import and row, so a row
// that is processed again has one outcome.
var Rows = &persistence.Collection{
	Name: "importRows",
	Fields: []persistence.Field{
		{Name: "importId", Type: persistence.String},
		{Name: "row", Type: persistence.Int}, // counted from 1
		{Name: "outcome", Type: persistence.String},
	},
	Indexes: [][]string{{"importId", "row"}, {"importId", "outcome", "row"}},
}

// Index scopes the import to its company and to the user who started it.
func (s *State) Index() grains.Index {
	return grains.Index{CompanyID: s.CompanyID, OwnerID: s.UserID, CreatedAt: s.createdAt(), Fields: []any{s.Status}}
}

// Kind returns the kind of imports.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	k.Ring = -1 // chunks count once by their number
	grains.Command(k, (*State).Start, (*State).View)
	grains.Command(k, (*State).Advance, (*State).View)
	grains.Command(k, (*State).Erase, (*State).View)
	grains.Query(k, (*State).Get)
	return k
}
