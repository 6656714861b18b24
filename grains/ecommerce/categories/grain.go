package categories

import (
	"entrepot/grains"
	"entrepot/persistence"
)

// Collection is where category trees are kept, in ecommercedb.
var Collection = &persistence.Collection{
	Name:    "categories",
	Indexes: [][]string{{persistence.UpdatedAt}}, // what the search index has not seen yet
}

// Index is whose the tree is.
func (s *State) Index() grains.Index {
	return grains.Index{CompanyID: s.CompanyID, CreatedAt: s.createdAt()}
}

// Kind is the grain of category trees.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	grains.Command(k, (*State).Create, (*State).View)
	grains.Command(k, (*State).Update, (*State).View)
	grains.Command(k, (*State).Delete, (*State).View)
	grains.Command(k, (*State).Clear, (*State).View)
	grains.Query(k, (*State).Get)
	return k
}
