package cart

import (
	"entrepot/grains"
	"entrepot/persistence"
)

// Collection is where carts are kept, in ecommercedb. A cart is found by its
// id, its user's, so nothing else is queried.
var Collection = &persistence.Collection{Name: "carts"}

// Ended reports whether the cart is empty, as after an order, and takes over no other.
func (s *State) Ended() bool { return len(s.Lines) == 0 && s.Merging == nil && s.Hand == nil }

// Index is whose the cart is: its user's, and no company's.
func (s *State) Index() grains.Index {
	return grains.Index{OwnerID: s.ID, CreatedAt: s.createdAt()}
}

// Kind is the grain of carts.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	grains.Command(k, (*State).AddItem, (*State).View)
	grains.Command(k, (*State).SetQuantity, (*State).View)
	grains.Command(k, (*State).RemoveItem, (*State).View)
	grains.Command(k, (*State).Clear, (*State).View)
	grains.Command(k, (*State).Take, (*State).View)
	grains.Command(k, (*State).Erase, (*State).View)
	grains.Command(k, (*State).SaveItem, (*State).View)
	grains.Command(k, (*State).RestoreItem, (*State).View)
	grains.Command(k, (*State).RemoveSaved, (*State).View)
	grains.Command(k, (*State).AddPromo, (*State).View)
	grains.Command(k, (*State).RemovePromo, (*State).View)
	grains.Command(k, (*State).Open, (*State).View)
	grains.Command(k, (*State).Handover, (*State).View)
	grains.Command(k, (*State).Settle, (*State).View)
	grains.Later(k, (*State).Merge, (*State).outcome)
	grains.Query(k, (*State).Get)

	grains.Steps(k, steps)
	grains.Command(k, (*State).Handed, (*State).View)
	grains.Command(k, (*State).Settled, (*State).View)
	return k
}
