package wishlist

import (
	"entrepot/grains"
	"entrepot/persistence"
)

// Collection holds the wishlists, in ecommercedb. A wishlist has the id of its user.
var Collection = &persistence.Collection{Name: "wishlists"}

// Wishes holds a row for each customer and product that was on the customer's list. The rows are
// made from the lists' events and find the lists of a deleted product. The owner is the customer.
var Wishes = &persistence.Collection{
	Name:    "wishes",
	Fields:  []persistence.Field{{Name: "productId", Type: persistence.String}},
	Indexes: [][]string{{"productId", persistence.CreatedAt}},
}

// Index scopes the list to its owner. Wishlists have no company; an erased list has no owner.
func (s *State) Index() grains.Index {
	ix := grains.Index{OwnerID: s.UserID, CreatedAt: s.createdAt()}
	if s.Erased {
		ix.OwnerID = ""
	}
	return ix
}

// Kind returns the kind of wishlists. Its commands carry natural ids.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	grains.Command(k, (*State).AddItem, (*State).View)
	grains.Command(k, (*State).RemoveItem, (*State).View)
	grains.Command(k, (*State).Erase, (*State).View)
	grains.Query(k, (*State).Get)
	return k
}
