// Package stockpb holds the commands and replies of the stock item.
package stockpb

import "entrepot"

// Kind is the grain's name in the cluster.
const Kind = "StockItem"

// ID is the one stock item of a product at a location.
func ID(productID, locationID entrepot.ID) entrepot.ID {
	return entrepot.DeriveID("stock", productID, locationID)
}
