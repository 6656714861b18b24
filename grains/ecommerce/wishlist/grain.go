package wishlist

import (
	"entrepot/grains"
	"entrepot/persistence"
)

// Collection is where wishlists are kept, in ecommercedb. One is found by its
// id, its user's.
var Collection = &persistence.Collection{Name: "wishlists"}

// Wishes says who wishes for which product, or did: rows made from the lists'
// events, for what happens to a product. The owner is the customer.
var Wishes = &persistence.Collection{
	Name:    "wishes",
	Fields:  []persistence.Field{{Name: "productId", Type: persistence.String}},
	Indexes: [][]string{{"productId", persistence.CreatedAt}},
}

// Index is whose the list is: its user's, and no company's. An erased one is nobody's.
func (s *State) Index() grains.Index {
	ix := grains.Index{OwnerID: s.ID, CreatedAt: s.createdAt()}
	if s.Erased {
		ix.OwnerID = ""
	}
	return ix
}

// Kind is the grain of wishlists. Its commands carry natural ids.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	grains.Command(k, (*State).AddItem, (*State).View)
	grains.Command(k, (*State).RemoveItem, (*State).View)
	grains.Command(k, (*State).Erase, (*State).View)
	grains.Query(k, (*State).Get)
	return k
}
