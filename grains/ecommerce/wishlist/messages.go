package wishlist

import (
	"entrepot"
	"entrepot/grains"
)

// Name is the kind's name in the cluster.
const Name = "Wishlist"

// Of returns the ref of a user's wishlist.
func Of(user entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: user} }

// AddItem puts an item on the list; its time is set by the grain. An item that is on the list
// stays as it is. Name and price come from the product grain, never from the client.
type AddItem struct{ Item Item }

// RemoveItem removes the item with the id. If there is none, it removes all items of the product
// with the id.
type RemoveItem struct {
	ID entrepot.ID
}

// Erase empties the list of a deleted user for good. Only the platform sends it.
type Erase struct{}

// Get returns the list to its user.
type Get struct{}

// Wishlist is a whole list as its user sees it.
type Wishlist struct {
	UserID    entrepot.ID `json:"id,omitempty"`
	Items     []Item      `json:"items,omitempty"`   // in replies the newest first
	UpdatedAt int64       `json:"updated,omitempty"` // Unix ms
}

// Item is a product on the list, or one of its variants.
type Item struct {
	ProductID entrepot.ID `json:"pid"`
	VariantID entrepot.ID `json:"vid,omitempty"` // empty: any variant
	CompanyID entrepot.ID `json:"cid"`
	Name      string      `json:"name"`
	Price     int64       `json:"price"` // minor units, at the time of adding
	Currency  string      `json:"cur"`
	AddedAt   int64       `json:"added"` // Unix ms
}

// ID returns the id of the item, the same on every list: that of the variant, or of the product.
func (i *Item) ID() entrepot.ID {
	if i.VariantID != "" {
		return i.VariantID
	}
	return i.ProductID
}

func (AddItem) Answers(*Wishlist)    {}
func (RemoveItem) Answers(*Wishlist) {}
func (Erase) Answers(*Wishlist)      {}
func (Get) Answers(*Wishlist)        {}
