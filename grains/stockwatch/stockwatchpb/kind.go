// Package stockwatchpb holds the commands and replies of the stock watch grain.
package stockwatchpb

import "entrepot"

// Kind is the grain's name in the cluster.
const Kind = "StockWatch"

// ID is the one watch that a user has over a variant in a shop; shopID "" is any.
func ID(userID, variantID, shopID entrepot.ID) entrepot.ID {
	return entrepot.DeriveID("watch", userID, variantID, shopID)
}
