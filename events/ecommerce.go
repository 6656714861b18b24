package events

import (
	"time"

	"entrepot"
)

// Product is the whole public data of a product, so that consumers need no further request.
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

	Variants   []ProductVariant   `json:"variants,omitempty"` // empty: the product itself is sold
	Attributes []ProductAttribute `json:"attributes,omitempty"`
	Tags       []string           `json:"tags,omitempty"`
	Images     []entrepot.ID      `json:"images,omitempty"` // at /products/images/{id}
	Rating     *ProductRating     `json:"rating,omitempty"` // nil: no published reviews
	Sale       *ProductSale       `json:"sale,omitempty"`   // set only while the sale runs

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

// ProductAttribute is a named property of a product.
type ProductAttribute struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// ProductRating summarizes the published reviews.
type ProductRating struct {
	Average float64 `json:"average"` // 1 to 5, rounded to hundredths
	Count   int64   `json:"count"`
}

// ProductSale is the running sale. When a sale begins or ends, product.updated lists "sale" among
// the changed fields.
type ProductSale struct {
	Price   entrepot.Amount `json:"price"`             // sale price of the product
	Percent int64           `json:"percent,omitempty"` // discount on every price, if the sale is a percentage
	EndsAt  *time.Time      `json:"endsAt,omitempty"`
}

// ProductCreated is published when a product enters the catalogue.
type ProductCreated struct{ Product }

// EventType returns the routing key.
func (ProductCreated) EventType() string { return "product.created" }

// ProductUpdated is published when a product's data, price or status changes.
type ProductUpdated struct {
	Product
	Changed []string `json:"changed"` // names of the changed fields
}

// EventType returns the routing key.
func (ProductUpdated) EventType() string { return "product.updated" }

// ProductDeleted is published when a product is removed for good. It carries the product's last
// data; its SKU becomes free.
type ProductDeleted struct{ Product }

// EventType returns the routing key.
func (ProductDeleted) EventType() string { return "product.deleted" }

// CategoryUpdated is published when a category is created, changed, moved or deleted. GET
// /products/categories returns the whole tree; treeVersion is the version of the tree after this
// change.
type CategoryUpdated struct {
	CompanyID   entrepot.ID `json:"companyId"`
	Slug        string      `json:"slug"`             // the name that products refer to
	Parent      string      `json:"parent,omitempty"` // slug; empty for a root category
	Title       string      `json:"title"`
	Position    int64       `json:"position"` // among its siblings
	Change      string      `json:"change"`   // created, updated, deleted
	TreeVersion int64       `json:"treeVersion"`
}

// EventType returns the routing key.
func (CategoryUpdated) EventType() string { return "category.updated" }

// ImportDue is published when the next chunk of rows of a product import is to be processed.
type ImportDue struct {
	ImportID  entrepot.ID `json:"importId"`
	CompanyID entrepot.ID `json:"companyId"`
	Chunk     int64       `json:"chunk"`  // counted from 0
	Offset    int64       `json:"offset"` // in bytes into the file
}

// EventType returns the routing key.
func (ImportDue) EventType() string { return "import.due" }

// ImportEnded is published when an import has processed its file or cannot continue.
type ImportEnded struct {
	ImportID  entrepot.ID `json:"importId"`
	CompanyID entrepot.ID `json:"companyId"`
	Status    string      `json:"status"` // done, failed
	Error     string      `json:"error,omitempty"`
	Created   int64       `json:"created"`
	Updated   int64       `json:"updated"`
	Failed    int64       `json:"failed"` // rejected rows; the import report gives the reasons
}

// EventType returns the routing key.
func (ImportEnded) EventType() string { return "import.ended" }

// CartItemAdded is published when a customer adds pieces of a product to the cart. It is the only
// event of an addition: the platform's most frequent write carries one small event instead of the
// whole cart. lineQuantity and total describe the cart after the addition.
type CartItemAdded struct {
	UserID       entrepot.ID     `json:"userId"` // the cart's id if the user is a guest
	Guest        bool            `json:"guest,omitempty"`
	ItemID       entrepot.ID     `json:"itemId"`
	ProductID    entrepot.ID     `json:"productId"`
	VariantID    entrepot.ID     `json:"variantId"` // the product's id when it has no variants
	ShopID       entrepot.ID     `json:"shopId"`
	CompanyID    entrepot.ID     `json:"companyId"`
	Name         string          `json:"name"`
	Quantity     int64           `json:"quantity"`     // added by this command
	LineQuantity int64           `json:"lineQuantity"` // of the product in the cart after the addition
	Price        entrepot.Amount `json:"price"`        // of one piece
	Currency     string          `json:"currency"`
	Total        entrepot.Amount `json:"total"` // of the cart
}

// EventType returns the routing key.
func (CartItemAdded) EventType() string { return "cart.item_added" }

// CartUpdated is published when a cart changes in any other way: a quantity is set, a line is
// removed or saved for later, a promo code is entered, the cart is cleared or merged with a guest's
// cart, or an order takes over its lines. It carries the whole cart after the change.
type CartUpdated struct {
	UserID     entrepot.ID     `json:"userId"` // the cart's id if the user is a guest
	Guest      bool            `json:"guest,omitempty"`
	Items      []CartItem      `json:"items"`
	Saved      []CartItem      `json:"saved,omitempty"` // for later
	PromoCodes []string        `json:"promoCodes,omitempty"`
	Total      entrepot.Amount `json:"total"`
	Currency   string          `json:"currency,omitempty"`   // empty if the cart is empty
	OrderID    entrepot.ID     `json:"orderId,omitempty"`    // the order that took over lines
	MergedFrom entrepot.ID     `json:"mergedFrom,omitempty"` // the guest cart that was merged into this one
	HandedTo   entrepot.ID     `json:"handedTo,omitempty"`   // the customer who took over a guest's lines
	UpdatedAt  time.Time       `json:"updatedAt"`
}

// EventType returns the routing key.
func (CartUpdated) EventType() string { return "cart.updated" }

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

// CartAbandoned is published once when a cart with lines has been unchanged for
// CART_ABANDONED_AFTER, and again only after another change.
type CartAbandoned struct {
	UserID    entrepot.ID     `json:"userId"` // the cart's id if the user is a guest
	Guest     bool            `json:"guest,omitempty"`
	Items     []CartItem      `json:"items"`
	Total     entrepot.Amount `json:"total"`
	Currency  string          `json:"currency"`
	UpdatedAt time.Time       `json:"updatedAt"` // time of the last change
}

// EventType returns the routing key.
func (CartAbandoned) EventType() string { return "cart.abandoned" }

// ProductViewed is published when a visitor looks at a product. It is hidden from companies because
// it reveals the interests of a single person.
type ProductViewed struct {
	UserID    entrepot.ID `json:"userId,omitempty"` // empty for an anonymous visitor
	ProductID entrepot.ID `json:"productId"`
	CompanyID entrepot.ID `json:"companyId"`
	ViewedAt  time.Time   `json:"viewedAt"`
	Duration  int64       `json:"duration,omitempty"` // ms; omitted if unknown
	Repeated  bool        `json:"repeated,omitempty"` // the user also viewed it within the half hour before
}

// EventType returns the routing key.
func (ProductViewed) EventType() string { return "product.viewed" }

// Promotion is a promo code of a company and its terms.
type Promotion struct {
	PromotionID     entrepot.ID     `json:"promotionId"`
	CompanyID       entrepot.ID     `json:"companyId"`
	Code            string          `json:"code"`
	Title           string          `json:"title,omitempty"`
	Type            string          `json:"type"` // amount, percent, free_shipping
	Amount          entrepot.Amount `json:"amount,omitempty"`
	Percent         int64           `json:"percent,omitempty"`
	Currency        string          `json:"currency,omitempty"`
	ProductIDs      []entrepot.ID   `json:"productIds,omitempty"`
	Categories      []string        `json:"categories,omitempty"`
	ShopIDs         []entrepot.ID   `json:"shopIds,omitempty"`
	MinimumSubtotal entrepot.Amount `json:"minimumSubtotal,omitempty"`
	StartsAt        *time.Time      `json:"startsAt,omitempty"`
	EndsAt          *time.Time      `json:"endsAt,omitempty"`
	PerCustomer     int64           `json:"perCustomer,omitempty"` // maximum uses; 0: unlimited
	Total           int64           `json:"total,omitempty"`       // maximum uses; 0: unlimited
	FirstOrder      bool            `json:"firstOrder,omitempty"`  // only for a customer's first order with the company
	Status          string          `json:"status"`                // active, paused, deleted
	UpdatedAt       time.Time       `json:"updatedAt"`
}

// PromotionCreated is published when a company creates a promo code.
type PromotionCreated struct{ Promotion }

// EventType returns the routing key.
func (PromotionCreated) EventType() string { return "promotion.created" }

// PromotionUpdated is published when the terms of a promo code change.
type PromotionUpdated struct{ Promotion }

// EventType returns the routing key.
func (PromotionUpdated) EventType() string { return "promotion.updated" }

// PromotionDeleted is published when a promo code is deleted.
type PromotionDeleted struct{ Promotion }

// EventType returns the routing key.
func (PromotionDeleted) EventType() string { return "promotion.deleted" }

// PromotionUse is one use of a promo code by a checkout.
type PromotionUse struct {
	PromotionID entrepot.ID   `json:"promotionId"`
	CompanyID   entrepot.ID   `json:"companyId"`
	Code        string        `json:"code"`
	CheckoutID  entrepot.ID   `json:"checkoutId"`
	OrderIDs    []entrepot.ID `json:"orderIds,omitempty"`
	At          time.Time     `json:"at"`
}

// PromotionClaimed is published when a checkout reserves a use for its orders.
type PromotionClaimed struct {
	PromotionUse
	CustomerID entrepot.ID `json:"customerId"`
}

// EventType returns the routing key.
func (PromotionClaimed) EventType() string { return "promotion.claimed" }

// PromotionReleased is published when the orders failed and the use is released.
type PromotionReleased struct{ PromotionUse }

// EventType returns the routing key.
func (PromotionReleased) EventType() string { return "promotion.released" }

// PromotionUsed is published when an order is paid, which makes the use final.
type PromotionUsed struct{ PromotionUse }

// EventType returns the routing key.
func (PromotionUsed) EventType() string { return "promotion.used" }

// PromotionReturned is published when the last paid order of a checkout is cancelled before
// anything was shipped; the use becomes available again.
type PromotionReturned struct{ PromotionUse }

// EventType returns the routing key.
func (PromotionReturned) EventType() string { return "promotion.returned" }

// Review is the whole data of a review except its author's name, which never leaves the service.
type Review struct {
	ReviewID  entrepot.ID `json:"reviewId"`
	ProductID entrepot.ID `json:"productId"`
	CompanyID entrepot.ID `json:"companyId"`
	ShopID    entrepot.ID `json:"shopId"` // where the author bought the product
	UserID    entrepot.ID `json:"userId,omitempty"`
	Stars     int64       `json:"stars"` // 1 to 5
	Title     string      `json:"title,omitempty"`
	Text      string      `json:"text,omitempty"`
	Status    string      `json:"status"`           // pending, approved, rejected, deleted
	Reason    string      `json:"reason,omitempty"` // for the rejection
	Reply     string      `json:"reply,omitempty"`  // by the company
	RepliedAt *time.Time  `json:"repliedAt,omitempty"`
	CreatedAt time.Time   `json:"createdAt"`
	UpdatedAt time.Time   `json:"updatedAt"` // last change by the author
}

// ReviewCreated is published when a buyer writes a review, which then awaits approval.
type ReviewCreated struct{ Review }

// EventType returns the routing key.
func (ReviewCreated) EventType() string { return "review.created" }

// ReviewUpdated is published when the author changes a review, which then awaits approval again.
type ReviewUpdated struct{ Review }

// EventType returns the routing key.
func (ReviewUpdated) EventType() string { return "review.updated" }

// ReviewApproved is published when the company publishes a review.
type ReviewApproved struct{ Review }

// EventType returns the routing key.
func (ReviewApproved) EventType() string { return "review.approved" }

// ReviewRejected is published when the company rejects a review or withdraws its approval.
type ReviewRejected struct{ Review }

// EventType returns the routing key.
func (ReviewRejected) EventType() string { return "review.rejected" }

// ReviewVoted is published when a customer marks a review as helpful or withdraws that mark.
type ReviewVoted struct {
	ReviewID  entrepot.ID `json:"reviewId"`
	ProductID entrepot.ID `json:"productId"`
	UserID    entrepot.ID `json:"userId,omitempty"`
	Helpful   bool        `json:"helpful"`
	WrittenAt time.Time   `json:"writtenAt"` // when the review was written
	At        time.Time   `json:"at"`
}

// EventType returns the routing key.
func (ReviewVoted) EventType() string { return "review.voted" }

// ReviewReplied is published when the company replies to a review or removes its reply.
type ReviewReplied struct{ Review }

// EventType returns the routing key.
func (ReviewReplied) EventType() string { return "review.replied" }

// ReviewDeleted is published when the author deletes a review. Its title and text are erased.
type ReviewDeleted struct{ Review }

// EventType returns the routing key.
func (ReviewDeleted) EventType() string { return "review.deleted" }

// WishlistItem is a product or variant on a customer's wishlist.
type WishlistItem struct {
	UserID    entrepot.ID     `json:"userId"`
	ItemID    entrepot.ID     `json:"itemId"` // the variant's id, or the product's
	ProductID entrepot.ID     `json:"productId"`
	VariantID entrepot.ID     `json:"variantId,omitempty"` // empty: any variant
	CompanyID entrepot.ID     `json:"companyId"`
	Name      string          `json:"name"`
	Price     entrepot.Amount `json:"price"` // at the time it was added
	Currency  string          `json:"currency"`
	Items     int             `json:"items"` // on the list after the change
	At        time.Time       `json:"at"`
}

// WishlistItemAdded is published when a customer adds an item to the wishlist.
type WishlistItemAdded struct{ WishlistItem }

// EventType returns the routing key.
func (WishlistItemAdded) EventType() string { return "wishlist.item_added" }

// WishlistItemRemoved is published when a customer removes an item from the wishlist.
type WishlistItemRemoved struct{ WishlistItem }

// EventType returns the routing key.
func (WishlistItemRemoved) EventType() string { return "wishlist.item_removed" }

// ProductBackInStock is published once for each customer who watched the product. A further
// notification needs a new watch.
type ProductBackInStock struct {
	WatchID    entrepot.ID `json:"watchId"`
	UserID     entrepot.ID `json:"userId"`
	ProductID  entrepot.ID `json:"productId"`
	VariantID  entrepot.ID `json:"variantId"`
	CompanyID  entrepot.ID `json:"companyId"`
	ShopID     entrepot.ID `json:"shopId,omitempty"` // the watched shop; empty: any shop
	LocationID entrepot.ID `json:"locationId"`       // where it is in stock
	Name       string      `json:"name"`             // the product's name when the watch was created
	Available  int64       `json:"available"`        // pieces at the location
	WatchedAt  time.Time   `json:"watchedAt"`
	At         time.Time   `json:"at"`
}

// EventType returns the routing key.
func (ProductBackInStock) EventType() string { return "product.back_in_stock" }
