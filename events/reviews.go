package events

import (
	"time"

	"entrepot"
)

// What the e-commerce service says of those who buy: what they think of it, wish
// for, and wait for.

// Review is the whole data of a review but its author's name, which stays with
// the service that shows it.
type Review struct {
	ReviewID  entrepot.ID `json:"reviewId"`
	ProductID entrepot.ID `json:"productId"`
	CompanyID entrepot.ID `json:"companyId"`
	ShopID    entrepot.ID `json:"shopId"` // where its author bought the product
	UserID    entrepot.ID `json:"userId,omitempty"`
	Stars     int64       `json:"stars"` // 1 to 5
	Title     string      `json:"title,omitempty"`
	Text      string      `json:"text,omitempty"`
	Status    string      `json:"status"`           // pending, approved, rejected, deleted
	Reason    string      `json:"reason,omitempty"` // of a rejection
	Reply     string      `json:"reply,omitempty"`  // of the company
	RepliedAt *time.Time  `json:"repliedAt,omitempty"`
	CreatedAt time.Time   `json:"createdAt"`
	UpdatedAt time.Time   `json:"updatedAt"` // by its author
}

// ReviewCreated happens when a buyer writes a review. It waits for its approval.
type ReviewCreated struct{ Review }

// EventType returns the routing key.
func (ReviewCreated) EventType() string { return "review.created" }

// ReviewUpdated happens when its author changes a review. It waits for its
// approval again.
type ReviewUpdated struct{ Review }

// EventType returns the routing key.
func (ReviewUpdated) EventType() string { return "review.updated" }

// ReviewApproved happens when the company publishes a review.
type ReviewApproved struct{ Review }

// EventType returns the routing key.
func (ReviewApproved) EventType() string { return "review.approved" }

// ReviewRejected happens when the company refuses a review, or takes back its approval.
type ReviewRejected struct{ Review }

// EventType returns the routing key.
func (ReviewRejected) EventType() string { return "review.rejected" }

// ReviewVoted happens when a customer finds a review helpful, or takes that back.
type ReviewVoted struct {
	ReviewID  entrepot.ID `json:"reviewId"`
	ProductID entrepot.ID `json:"productId"`
	UserID    entrepot.ID `json:"userId,omitempty"`
	Helpful   bool        `json:"helpful"`
	WrittenAt time.Time   `json:"writtenAt"` // the review
	At        time.Time   `json:"at"`
}

// EventType returns the routing key.
func (ReviewVoted) EventType() string { return "review.voted" }

// ReviewReplied happens when the company says something to a review, or takes it back.
type ReviewReplied struct{ Review }

// EventType returns the routing key.
func (ReviewReplied) EventType() string { return "review.replied" }

// ReviewDeleted happens when its author takes a review back. Its words are gone.
type ReviewDeleted struct{ Review }

// EventType returns the routing key.
func (ReviewDeleted) EventType() string { return "review.deleted" }

// WishlistItem is a product, or one variant of it, that a customer wishes for.
type WishlistItem struct {
	UserID    entrepot.ID     `json:"userId"`
	ItemID    entrepot.ID     `json:"itemId"` // the variant's id, or the product's
	ProductID entrepot.ID     `json:"productId"`
	VariantID entrepot.ID     `json:"variantId,omitempty"` // none: whichever
	CompanyID entrepot.ID     `json:"companyId"`
	Name      string          `json:"name"`
	Price     entrepot.Amount `json:"price"` // when it was added
	Currency  string          `json:"currency"`
	Items     int             `json:"items"` // on the list now
	At        time.Time       `json:"at"`
}

// WishlistItemAdded happens when a customer puts something on the wishlist.
type WishlistItemAdded struct{ WishlistItem }

// EventType returns the routing key.
func (WishlistItemAdded) EventType() string { return "wishlist.item_added" }

// WishlistItemRemoved happens when a customer takes something off the wishlist.
type WishlistItemRemoved struct{ WishlistItem }

// EventType returns the routing key.
func (WishlistItemRemoved) EventType() string { return "wishlist.item_removed" }

// ProductBackInStock happens once for each customer who waited for it. Who waits
// again asks again.
type ProductBackInStock struct {
	WatchID    entrepot.ID `json:"watchId"`
	UserID     entrepot.ID `json:"userId"`
	ProductID  entrepot.ID `json:"productId"`
	VariantID  entrepot.ID `json:"variantId"`
	CompanyID  entrepot.ID `json:"companyId"`
	ShopID     entrepot.ID `json:"shopId,omitempty"` // that it was wanted of; none: of any
	LocationID entrepot.ID `json:"locationId"`       // where it lies now
	Name       string      `json:"name"`             // of the product, when it was asked for
	Available  int64       `json:"available"`        // pieces there
	WatchedAt  time.Time   `json:"watchedAt"`
	At         time.Time   `json:"at"`
}

// EventType returns the routing key.
func (ProductBackInStock) EventType() string { return "product.back_in_stock" }
