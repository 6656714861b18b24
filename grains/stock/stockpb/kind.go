// Package stockpb holds the commands and replies of the stock item.
package stockpb

import "entrepot"

// Kind is the grain's name in the cluster.
const Kind = "StockItem"

// ID is the one stock item of a variant at a location. The only variant of a
// product without options has the id of the product.
func ID(variantID, locationID entrepot.ID) entrepot.ID {
	return entrepot.DeriveID("stock", variantID, locationID)
}
