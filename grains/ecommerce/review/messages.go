package review

import (
	"entrepot"
	"entrepot/grains"
)

// Name is the kind's name in the cluster.
const Name = "Review"

// VoteName is the name in the cluster of the kind of one customer's vote on one review.
const VoteName = "ReviewVote"

// ID returns the id of a user's only review of a product.
func ID(productID, userID entrepot.ID) entrepot.ID {
	return entrepot.DeriveID("review", productID, userID)
}

// VoteID returns the id of a user's only vote on a review.
func VoteID(reviewID, userID entrepot.ID) entrepot.ID {
	return entrepot.DeriveID("vote", reviewID, userID)
}

// Of returns the ref of a review; its id comes from [ID].
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// VoteOf returns the ref of a vote; its id comes from [VoteID].
func VoteOf(id entrepot.ID) grains.Ref { return grains.Ref{Kind: VoteName, ID: id} }

// Write creates the caller's review of a product. The HTTP layer has verified the purchase and
// its shop.
type Write struct {
	ProductID entrepot.ID
	CompanyID entrepot.ID
	ShopID    entrepot.ID // of the purchase
	Author    string      // the displayed name
	Stars     int64
	Title     string
	Text      string
}

// Edit replaces stars, title and text.
type Edit struct {
	ExpectedVersion int64 // 0: any
	Stars           int64
	Title           string
	Text            string
}

// Delete deletes the review. Its author may write another.
type Delete struct{}

// Approve publishes the review.
type Approve struct {
	ExpectedVersion int64 // 0: any
}

// Reject refuses a pending review or hides an approved one.
type Reject struct {
	ExpectedVersion int64 // 0: any
	Reason          string
}

// Reply sets the company's reply to an approved review; an empty text removes it.
type Reply struct {
	ExpectedVersion int64 // 0: any
	Text            string
}

// Anonymise removes the author of a review, a deleted user. Only the platform sends it.
type Anonymise struct{}

// SetHelpful sets the counted votes on the review that was written at a time. Only the platform
// sends it.
type SetHelpful struct {
	Count     int64
	WrittenAt int64 // Unix ms
}

// Get returns the review to its author and to the staff of the shop.
type Get struct{}

// Show returns an approved review to anyone.
type Show struct{}

// Review is a review without its author's id.
type Review struct {
	ID        entrepot.ID `json:"id,omitempty"`
	ProductID entrepot.ID `json:"productId,omitempty"`
	CompanyID entrepot.ID `json:"companyId,omitempty"`
	ShopID    entrepot.ID `json:"shopId,omitempty"` // of the purchase
	Author    string      `json:"author,omitempty"` // the displayed name
	Stars     int64       `json:"stars,omitempty"`
	Title     string      `json:"title,omitempty"`
	Text      string      `json:"text,omitempty"`
	Status    string      `json:"status,omitempty"` // Pending, Approved, Rejected or Deleted
	Reason    string      `json:"reason,omitempty"`
	Reply     string      `json:"reply,omitempty"`   // of the company
	RepliedAt int64       `json:"replied,omitempty"` // Unix ms
	Helpful   int64       `json:"helpful,omitempty"` // votes at the last count
	CreatedAt int64       `json:"created,omitempty"` // Unix ms
	UpdatedAt int64       `json:"updated,omitempty"` // by its author, Unix ms
	Version   int64       `json:"version,omitempty"`
}

// Mark votes for a review that was written at a time. A review that is written again after its
// deletion starts without votes.
type Mark struct {
	ReviewID  entrepot.ID
	ProductID entrepot.ID
	WrittenAt int64 // Unix ms
}

// Unmark takes the vote back. The platform sends it to the votes on a deleted review.
type Unmark struct{}

// Forget removes the customer of a vote, a deleted user. Only the platform sends it.
type Forget struct{}

func (Write) Answers(*Review)      {}
func (Edit) Answers(*Review)       {}
func (Delete) Answers(*Review)     {}
func (Approve) Answers(*Review)    {}
func (Reject) Answers(*Review)     {}
func (Reply) Answers(*Review)      {}
func (Anonymise) Answers(*Review)  {}
func (SetHelpful) Answers(*Review) {}
func (Get) Answers(*Review)        {}
func (Show) Answers(*Review)       {}
func (Mark) Answers(*Vote)         {}
func (Unmark) Answers(*Vote)       {}
func (Forget) Answers(*Vote)       {}
