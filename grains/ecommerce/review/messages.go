package review

import (
	"entrepot"
	"entrepot/grains"
)

// Kind is the grain's name in the cluster.
const Name = "Review"

// VoteKind is the name of the grain of one customer's vote on one review.
const VoteName = "ReviewVote"

// VoteID is the one vote that a user has on a review.
func VoteID(reviewID, userID entrepot.ID) entrepot.ID {
	return entrepot.DeriveID("vote", reviewID, userID)
}

// ID is the one review that a user has of a product.
func ID(productID, userID entrepot.ID) entrepot.ID {
	return entrepot.DeriveID("review", productID, userID)
}

// Of names one grain of the kind.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// VoteOf names one grain of the kind.
func VoteOf(id entrepot.ID) grains.Ref { return grains.Ref{Kind: VoteName, ID: id} }

// Write makes the review of a product by its buyer: the caller. That the product
// was bought, and where, is proven at the border.
type Write struct {
	ProductID entrepot.ID
	CompanyID entrepot.ID
	ShopID    entrepot.ID // where it was bought
	Author    string      // the name that is shown
	Stars     int64
	Title     string
	Text      string
}

// Edit sets stars, title and text. expected_version 0 is any.
type Edit struct {
	ExpectedVersion int64
	Stars           int64
	Title           string
	Text            string
}

// Delete takes the review back. Its author may write another.
type Delete struct{}

// Approve publishes the review. expected_version 0 is any.
type Approve struct {
	ExpectedVersion int64
}

// Reject refuses the review, or takes it off again.
type Reject struct {
	ExpectedVersion int64
	Reason          string
}

// Reply sets what the company says to an approved review; empty takes it back.
// expected_version 0 is any.
type Reply struct {
	ExpectedVersion int64
	Text            string
}

// Anonymise forgets who wrote the review: the user is no more. Only the platform sends it.
type Anonymise struct{}

type Get struct{}

// Show answers an approved review to anybody.
type Show struct{}

// SetHelpful sets how many find the review that was written then helpful, as they
// were counted. Only the platform sends it.
type SetHelpful struct {
	Count     int64
	WrittenAt int64
}

// Mark is a customer who finds a review helpful, of the moment it was written:
// one that was deleted and written again has no votes of the one before.
type Mark struct {
	ReviewID  entrepot.ID
	ProductID entrepot.ID
	WrittenAt int64
}

// Unmark takes the vote back; the platform takes those of a deleted review.
type Unmark struct{}

// Forget forgets whose the vote is: the user is no more. Only the platform sends it.
type Forget struct{}

type VoteView struct {
	ReviewID entrepot.ID
	Helpful  bool
	At       int64
}

type Review struct {
	ID        entrepot.ID
	ProductID entrepot.ID
	CompanyID entrepot.ID
	ShopID    entrepot.ID
	Author    string
	Stars     int64
	Title     string
	Text      string
	Status    string // pending, approved, rejected, deleted
	Reason    string
	CreatedAt int64
	UpdatedAt int64
	Version   int64
	Reply     string // of the company
	RepliedAt int64
	Helpful   int64 // votes
}

func (Write) Answers(*Review)      {}
func (Edit) Answers(*Review)       {}
func (Delete) Answers(*Review)     {}
func (Approve) Answers(*Review)    {}
func (Reject) Answers(*Review)     {}
func (Reply) Answers(*Review)      {}
func (Anonymise) Answers(*Review)  {}
func (Get) Answers(*Review)        {}
func (Show) Answers(*Review)       {}
func (SetHelpful) Answers(*Review) {}
func (Mark) Answers(*VoteView)     {}
func (Unmark) Answers(*VoteView)   {}
func (Forget) Answers(*VoteView)   {}
