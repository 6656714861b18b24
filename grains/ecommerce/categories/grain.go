package categories

import (
	"entrepot/grains"
	"entrepot/persistence"
)

// Collection holds the category trees, in ecommercedb.
var Collection = &persistence.Collection{
	Name:    "categories",
	Indexes: [][]string{{persistence.UpdatedAt}}, // changes that the search index has not read yet
}

// Index scopes the tree to its company.
func (s *State) Index() grains.Index {
	return grains.Index{CompanyID: s.CompanyID, CreatedAt: s.createdAt()}
}

// Kind returns the kind of category trees.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	grains.Command(k, (*State).Create, (*State).View)
	grains.Command(k, (*State).Update, (*State).View)
	grains.Command(k, (*State).Delete, (*State).View)
	grains.Command(k, (*State).Clear, (*State).View)
	grains.Query(k, (*State).Get)
	return k
}
