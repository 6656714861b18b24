package wishlist

import (
	"entrepot"
	"entrepot/grains"
)

// Kind is the grain's name in the cluster. A wishlist has the id of its user.
const Name = "Wishlist"

// Of names one grain of the kind.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// AddItem puts a product on the list, or one variant of it. What is there stays
// as it is. Name and price come from the product grain, never from the client.
type AddItem struct {
	ProductID entrepot.ID
	VariantID entrepot.ID // empty: whichever variant
	CompanyID entrepot.ID
	Name      string
	Price     int64
	Currency  string
}

// RemoveItem takes an item off the list; a product's id that is no item's takes
// all items of the product.
type RemoveItem struct {
	ID entrepot.ID
}

// Erase forgets everything, for good: its user is no more. Only the platform sends it.
type Erase struct{}

type Get struct{}

type Wishlist struct {
	UserID    entrepot.ID
	Items     []Item // the newest first
	UpdatedAt int64
}

type Item struct {
	ID        entrepot.ID
	ProductID entrepot.ID
	VariantID entrepot.ID
	CompanyID entrepot.ID
	Name      string
	Price     int64 // when it was added
	Currency  string
	AddedAt   int64
}

func (AddItem) Answers(*Wishlist)    {}
func (RemoveItem) Answers(*Wishlist) {}
func (Erase) Answers(*Wishlist)      {}
func (Get) Answers(*Wishlist)        {}
