package cart

import (
	"entrepot"
	"entrepot/grains"
)

// Kind is the grain's name in the cluster.
const Name = "Cart"

// A cart has the id of its user, or that of a guest's token.

// GuestID is the cart of who shows the token. The token stands nowhere.
func GuestID(token string) entrepot.ID { return entrepot.DeriveID("guest", token) }

// Of names one grain of the kind.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// AddItem adds quantity to the line of the product in the shop. Price, currency
// and name come from the product grain, never from the client.
type AddItem struct {
	ProductID      entrepot.ID
	ShopID         entrepot.ID
	CompanyID      entrepot.ID
	Quantity       int64
	Price          int64
	Currency       string
	Name           string
	VariantID      entrepot.ID // empty: the product itself
	AbandonAfterMs int64       // unchanged for so long, the cart counts as abandoned; 0: a day
}

// Open makes the cart of a guest, whose id is made of the guest's token.
type Open struct{}

// SaveItem puts a line aside; RestoreItem puts it back at the price of now.
type SaveItem struct {
	ItemID entrepot.ID
}

type RestoreItem struct {
	ItemID   entrepot.ID
	Price    int64
	Currency string
	Name     string
}

type RemoveSaved struct {
	ItemID entrepot.ID
}

type AddPromo struct {
	Code string // in capitals
}

type RemovePromo struct {
	Code string
}

// Merge takes a guest's cart over. It is answered when its lines are here, or
// when it was refused. Its natural id is the guest's cart.
type Merge struct {
	GuestID entrepot.ID
	Prices  []*Price // of now, of the guest's lines that are sold
}

type Price struct {
	ItemID entrepot.ID
	Price  int64
}

// Handover closes a guest's cart for its user and answers what is in it. seq
// counts the customer's merges: what was given back is not handed over again by
// an old try.
type HandOver struct {
	To  string
	Seq int64
}

// Settle ends a handover: the lines are in the customer's cart, or the guest's stays as it was.
type Settle struct {
	To    string
	Seq   int64
	Taken bool
}

// Handed and Settled answer the steps of a merge.
type Handed struct {
	Seq     int64
	Unknown bool // there is no such cart, or another took it over
	Cart    *Cart
}

type Settled struct {
	Seq int64
}

// SetQuantity changes one line; 0 removes it.
// In what follows expected_version is the Cart's that the change was made from; 0: any.
type SetQuantity struct {
	ItemID          entrepot.ID
	Quantity        int64
	ExpectedVersion int64
}

type RemoveItem struct {
	ItemID          entrepot.ID
	ExpectedVersion int64
}

type Clear struct {
	ExpectedVersion int64
}

// Take empties the cart of what an order took over. Its natural id is the order.
type Take struct {
	OrderID entrepot.ID
	Items   []Taken
}

type Taken struct {
	ProductID entrepot.ID
	ShopID    entrepot.ID
	Quantity  int64
	VariantID entrepot.ID
}

// Erase empties the cart of a user who is no more, for good.
type Erase struct{}

type Get struct{}

type Cart struct {
	UserID     entrepot.ID
	Items      []Item
	Total      int64
	Currency   string
	UpdatedAt  int64
	Saved      []Item // for later
	PromoCodes []string
	Version    int64 // 0: never used
}

type Item struct {
	ID        entrepot.ID
	ProductID entrepot.ID
	ShopID    entrepot.ID
	CompanyID entrepot.ID
	Quantity  int64
	Price     int64
	Currency  string
	Name      string
	VariantID entrepot.ID // the product's id for a product without variants
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
func (Handed) Answers(*Cart)      {}
func (Settled) Answers(*Cart)     {}
func (SetQuantity) Answers(*Cart) {}
func (RemoveItem) Answers(*Cart)  {}
func (Clear) Answers(*Cart)       {}
func (Take) Answers(*Cart)        {}
func (Erase) Answers(*Cart)       {}
func (Get) Answers(*Cart)         {}
