package cart

import (
	"entrepot"
	"entrepot/grains"
)

// Name is the kind's name in the cluster.
const Name = "Cart"

// GuestID returns the id of the cart of a guest's token. The token itself is stored
// nowhere.
func GuestID(token string) entrepot.ID { return entrepot.DeriveID("guest", token) }

// Of returns the ref of a user's cart, whose id is the user's, or of a guest's cart
// by its [GuestID].
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// AddItem adds pieces to the line of a variant of a shop, or makes the line. Price,
// currency and name come from the product grain, never from the client.
type AddItem struct {
	ProductID      entrepot.ID
	ShopID         entrepot.ID
	CompanyID      entrepot.ID
	Quantity       int64
	Price          int64 // of one piece, in minor units
	Currency       string
	Name           string
	VariantID      entrepot.ID // empty: the product itself
	AbandonAfterMs int64       // idle time after which the cart is abandoned; 0: unchanged, by default [DefaultIdle]
}

// SetQuantity changes the pieces of a line; 0 removes it. Here and below,
// ExpectedVersion is the version of the [Cart] that the change was made from; 0: any.
type SetQuantity struct {
	ItemID          entrepot.ID
	Quantity        int64
	ExpectedVersion int64
}

// RemoveItem removes a line.
type RemoveItem struct {
	ItemID          entrepot.ID
	ExpectedVersion int64
}

// Clear removes every line and promo code.
type Clear struct {
	ExpectedVersion int64
}

// Take removes the pieces that an order bought. Its natural id is the order.
type Take struct {
	OrderID entrepot.ID
	Items   []Taken
}

// Taken is the bought pieces of a variant of a shop.
type Taken struct {
	ProductID entrepot.ID
	ShopID    entrepot.ID
	Quantity  int64
	VariantID entrepot.ID
}

// SaveItem puts a line aside for later.
type SaveItem struct {
	ItemID entrepot.ID
}

// RestoreItem moves a saved line back, at the current price.
type RestoreItem struct {
	ItemID   entrepot.ID
	Price    int64 // of one piece, in minor units
	Currency string
	Name     string
}

// RemoveSaved removes a saved line.
type RemoveSaved struct {
	ItemID entrepot.ID
}

// AddPromo adds a promo code.
type AddPromo struct {
	Code string // in capitals
}

// RemovePromo removes a promo code.
type RemovePromo struct {
	Code string
}

// Open opens the cart of a guest.
type Open struct{}

// Merge takes a guest's cart over. The reply comes when its lines are here or the
// merge is refused. Its natural id is the guest's cart.
type Merge struct {
	GuestID entrepot.ID
	Prices  []Price // current prices of the guest's lines that are sold
}

// Price is the current price of a line.
type Price struct {
	ItemID entrepot.ID
	Price  int64 // of one piece, in minor units
}

// HandOver closes a guest's cart for a customer and returns its content. Seq is the
// number of the merge in the customer's cart: a late try of a merge whose cart was
// given back does not close it again.
type HandOver struct {
	To  entrepot.ID
	Seq int64
}

// Settle ends a handover: the guest's cart is emptied, or open to its guest again.
type Settle struct {
	To    entrepot.ID
	Seq   int64
	Taken bool // the lines are in the customer's cart
}

// Erase erases the cart of a deleted user for good.
type Erase struct{}

// Get reads the cart. A user without one gets an empty cart.
type Get struct{}

// Cart is the reply to every message.
type Cart struct {
	UserID     entrepot.ID
	Items      []Item
	Total      int64  // of the items, in minor units
	Currency   string // of the items
	UpdatedAt  int64  // Unix ms
	Saved      []Item // for later
	PromoCodes []string
	Version    int64 // 0: never used
}

func (AddItem) Answers(*Cart)     {}
func (Open) Answers(*Cart)        {}
func (SaveItem) Answers(*Cart)    {}
func (RestoreItem) Answers(*Cart) {}
func (RemoveSaved) Answers(*Cart) {}
func (AddPromo) Answers(*Cart)    {}
func (RemovePromo) Answers(*Cart) {}
func (Merge) Answers(*Cart)       {}
func (HandOver) Answers(*Cart)    {}
func (Settle) Answers(*Cart)      {}
func (SetQuantity) Answers(*Cart) {}
func (RemoveItem) Answers(*Cart)  {}
func (Clear) Answers(*Cart)       {}
func (Take) Answers(*Cart)        {}
func (Erase) Answers(*Cart)       {}
func (Get) Answers(*Cart)         {}
