// Package reviewpb holds the commands and replies of the review grain.
package reviewpb

import "entrepot"

// Kind is the grain's name in the cluster.
const Kind = "Review"

// ID is the one review that a user has of a product.
func ID(productID, userID entrepot.ID) entrepot.ID {
	return entrepot.DeriveID("review", productID, userID)
}
