// Package reviewpb holds the commands and replies of the review grain.
package reviewpb

import "entrepot"

// Kind is the grain's name in the cluster.
const Kind = "Review"

// VoteKind is the name of the grain of one customer's vote on one review.
const VoteKind = "ReviewVote"

// VoteID is the one vote that a user has on a review.
func VoteID(reviewID, userID entrepot.ID) entrepot.ID {
	return entrepot.DeriveID("vote", reviewID, userID)
}

// ID is the one review that a user has of a product.
func ID(productID, userID entrepot.ID) entrepot.ID {
	return entrepot.DeriveID("review", productID, userID)
}
