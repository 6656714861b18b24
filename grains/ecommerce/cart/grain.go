package cart

import (
	"time"

	"entrepot/grains"
	"entrepot/persistence"
)

// Collection stores the carts, in ecommercedb. A cart is found by its id, so no
// field is indexed.
var Collection = &persistence.Collection{Name: "carts"}

// Ended reports whether the cart is empty, as after an order, and takes over no other.
func (s *State) Ended() bool { return len(s.Lines) == 0 && s.Merging == nil && s.Hand == nil }

// Index returns the cart's user as its owner. It has no company.
func (s *State) Index() grains.Index {
	return grains.Index{OwnerID: s.ID, CreatedAt: time.UnixMilli(s.CreatedAt).UTC()}
}

// Kind returns the kind of grain of carts.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	grains.Command(k, (*State).AddItem, (*State).reply)
	grains.Command(k, (*State).SetQuantity, (*State).reply)
	grains.Command(k, (*State).RemoveItem, (*State).reply)
	grains.Command(k, (*State).Clear, (*State).reply)
	grains.Command(k, (*State).Take, (*State).reply)
	grains.Command(k, (*State).Erase, (*State).reply)
	grains.Command(k, (*State).SaveItem, (*State).reply)
	grains.Command(k, (*State).RestoreItem, (*State).reply)
	grains.Command(k, (*State).RemoveSaved, (*State).reply)
	grains.Command(k, (*State).AddPromo, (*State).reply)
	grains.Command(k, (*State).RemovePromo, (*State).reply)
	grains.Command(k, (*State).Open, (*State).reply)
	grains.Command(k, (*State).HandOver, (*State).reply)
	grains.Command(k, (*State).Settle, (*State).reply)
	grains.Later(k, (*State).Merge, (*State).outcome)
	grains.Query(k, (*State).Get)
	grains.Process(k, process...)
	return k
}
