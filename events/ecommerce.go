package events

import (
	"time"

	"entrepot"
)

// Product is the whole public data of a product, so that a consumer need not ask
// for it.
type Product struct {
	ProductID   entrepot.ID     `json:"productId"`
	CompanyID   entrepot.ID     `json:"companyId"`
	ShopIDs     []entrepot.ID   `json:"shopIds"` // the shops that sell it
	SKU         string          `json:"sku"`     // unique in the company
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Category    string          `json:"category,omitempty"`
	Brand       string          `json:"brand,omitempty"`
	Price       entrepot.Amount `json:"price"` // without a sale
	Currency    string          `json:"currency"`
	Status      string          `json:"status"` // active, draft, archived, deleted
	Image       string          `json:"image,omitempty"`

	Variants   []ProductVariant   `json:"variants,omitempty"` // none: the product itself is what is sold
	Attributes []ProductAttribute `json:"attributes,omitempty"`
	Tags       []string           `json:"tags,omitempty"`
	Images     []entrepot.ID      `json:"images,omitempty"` // at /products/images/{id}
	Rating     *ProductRating     `json:"rating,omitempty"` // none: not reviewed yet
	Sale       *ProductSale       `json:"sale,omitempty"`   // only while it runs

	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
}

// ProductVariant is one sellable form of a product.
type ProductVariant struct {
	VariantID entrepot.ID       `json:"variantId"`
	SKU       string            `json:"sku"`
	Barcode   string            `json:"barcode,omitempty"`
	Options   map[string]string `json:"options"` // "size": "M"
	Price     entrepot.Amount   `json:"price"`   // without a sale
	Inactive  bool              `json:"inactive,omitempty"`
}

// ProductAttribute is one thing that is said of a product.
type ProductAttribute struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// ProductRating sums the published reviews up.
type ProductRating struct {
	Average float64 `json:"average"` // 1 to 5, rounded to hundredths
	Count   int64   `json:"count"`
}

// ProductSale is the sale that runs. When one begins or ends, product.updated
// says so with "sale" among what changed.
type ProductSale struct {
	Price   entrepot.Amount `json:"price"`             // of the product, now
	Percent int64           `json:"percent,omitempty"` // off every price, if that is how it is set
	EndsAt  *time.Time      `json:"endsAt,omitempty"`
}

// ProductCreated happens when a product enters the catalogue.
type ProductCreated struct{ Product }

// EventType returns the routing key.
func (ProductCreated) EventType() string { return "product.created" }

// ProductUpdated happens when a product's data, price or status change.
type ProductUpdated struct {
	Product
	Changed []string `json:"changed"` // the names of the fields that differ from before
}

// EventType returns the routing key.
func (ProductUpdated) EventType() string { return "product.updated" }

// ProductDeleted happens when a product leaves the catalogue for good. It carries
// the product as it last was; its SKU may be used again.
type ProductDeleted struct{ Product }

// EventType returns the routing key.
func (ProductDeleted) EventType() string { return "product.deleted" }

// CategoryUpdated happens when a category joins a company's tree, changes, moves
// or leaves. The whole tree is one call away (GET /products/categories), and
// treeVersion tells whether it is that which followed.
type CategoryUpdated struct {
	CompanyID   entrepot.ID `json:"companyId"`
	Slug        string      `json:"slug"`             // what products name it by
	Parent      string      `json:"parent,omitempty"` // slug; none: a root
	Title       string      `json:"title"`
	Position    int64       `json:"position"` // among its siblings
	Change      string      `json:"change"`   // created, updated, deleted
	TreeVersion int64       `json:"treeVersion"`
}

// EventType returns the routing key.
func (CategoryUpdated) EventType() string { return "category.updated" }

// ImportDue happens when the next rows of an import of products are to be taken.
type ImportDue struct {
	ImportID  entrepot.ID `json:"importId"`
	CompanyID entrepot.ID `json:"companyId"`
	Chunk     int64       `json:"chunk"`  // counted from 0
	Offset    int64       `json:"offset"` // in bytes of the file
}

// EventType returns the routing key.
func (ImportDue) EventType() string { return "import.due" }

// ImportEnded happens when an import is through its file, or cannot go on.
type ImportEnded struct {
	ImportID  entrepot.ID `json:"importId"`
	CompanyID entrepot.ID `json:"companyId"`
	Status    string      `json:"status"` // done, failed
	Error     string      `json:"error,omitempty"`
	Created   int64       `json:"created"`
	Updated   int64       `json:"updated"`
	Failed    int64       `json:"failed"` // rows that were refused; the report says why
}

// EventType returns the routing key.
func (ImportEnded) EventType() string { return "import.ended" }

// CartItemAdded happens when a customer adds pieces of a product to the cart. It
// is the only event of an addition, so that the platform's hottest write carries
// one small event and not the whole cart; lineQuantity and total say how the
// cart now stands.
type CartItemAdded struct {
	UserID       entrepot.ID     `json:"userId"` // of a guest: the cart's id
	Guest        bool            `json:"guest,omitempty"`
	ItemID       entrepot.ID     `json:"itemId"`
	ProductID    entrepot.ID     `json:"productId"`
	VariantID    entrepot.ID     `json:"variantId"` // the product's id when it has no variants
	ShopID       entrepot.ID     `json:"shopId"`
	CompanyID    entrepot.ID     `json:"companyId"`
	Name         string          `json:"name"`
	Quantity     int64           `json:"quantity"`     // added now
	LineQuantity int64           `json:"lineQuantity"` // of the product in the cart, with what was added
	Price        entrepot.Amount `json:"price"`        // of one piece
	Currency     string          `json:"currency"`
	Total        entrepot.Amount `json:"total"` // of the cart
}

// EventType returns the routing key.
func (CartItemAdded) EventType() string { return "cart.item_added" }

// CartUpdated happens when a cart changes other than by an addition: a quantity
// is set, a line removed or saved for later, a promo code entered, the cart
// cleared or merged with a guest's, or an order took its lines over. It
// carries the whole cart as it now stands.
type CartUpdated struct {
	UserID     entrepot.ID     `json:"userId"` // of a guest: the cart's id
	Guest      bool            `json:"guest,omitempty"`
	Items      []CartItem      `json:"items"`
	Saved      []CartItem      `json:"saved,omitempty"` // for later
	PromoCodes []string        `json:"promoCodes,omitempty"`
	Total      entrepot.Amount `json:"total"`
	Currency   string          `json:"currency,omitempty"`   // none when the cart is empty
	OrderID    entrepot.ID     `json:"orderId,omitempty"`    // the order that took lines over
	MergedFrom entrepot.ID     `json:"mergedFrom,omitempty"` // the guest's cart whose lines came
	HandedTo   entrepot.ID     `json:"handedTo,omitempty"`   // the customer to whom a guest's lines went
	UpdatedAt  time.Time       `json:"updatedAt"`
}

// CartItem is one line of a cart.
type CartItem struct {
	ItemID    entrepot.ID     `json:"itemId"`
	ProductID entrepot.ID     `json:"productId"`
	VariantID entrepot.ID     `json:"variantId"` // the product's id when it has no variants
	ShopID    entrepot.ID     `json:"shopId"`
	CompanyID entrepot.ID     `json:"companyId"`
	Name      string          `json:"name"`
	Quantity  int64           `json:"quantity"`
	Price     entrepot.Amount `json:"price"` // of one piece
	Currency  string          `json:"currency"`
}

// CartAbandoned happens once when a cart with lines has not been changed for the
// time that CART_ABANDONED_AFTER says; again only after another change.
type CartAbandoned struct {
	UserID    entrepot.ID     `json:"userId"` // of a guest: the cart's id
	Guest     bool            `json:"guest,omitempty"`
	Items     []CartItem      `json:"items"`
	Total     entrepot.Amount `json:"total"`
	Currency  string          `json:"currency"`
	UpdatedAt time.Time       `json:"updatedAt"` // when it was last changed
}

// EventType returns the routing key.
func (CartAbandoned) EventType() string { return "cart.abandoned" }

// EventType returns the routing key.
func (CartUpdated) EventType() string { return "cart.updated" }

// ProductViewed happens when somebody looks at a product. It is not a company's
// to read, as it says what one person is interested in.
type ProductViewed struct {
	UserID    entrepot.ID `json:"userId,omitempty"` // none for a viewer who is not known
	ProductID entrepot.ID `json:"productId"`
	CompanyID entrepot.ID `json:"companyId"`
	ViewedAt  time.Time   `json:"viewedAt"`
	Duration  int64       `json:"duration,omitempty"` // ms; none when it is not known
	Repeated  bool        `json:"repeated,omitempty"` // the user looked at it in the half hour before, too
}

// EventType returns the routing key.
func (ProductViewed) EventType() string { return "product.viewed" }
