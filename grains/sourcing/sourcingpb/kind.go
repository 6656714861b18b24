// Package sourcingpb holds the commands and replies of a shop's sourcing.
package sourcingpb

import "entrepot"

// Kind is the grain's name in the cluster.
const Kind = "Sourcing"

// The strategies by which an order chooses among a shop's locations.
const (
	Priority  = "priority"   // the first in the order of the locations
	MostStock = "most_stock" // the one with the most pieces available
	Nearest   = "nearest"    // the one nearest to where the order goes
)

// ID is the one sourcing of a shop.
func ID(shopID entrepot.ID) entrepot.ID { return entrepot.DeriveID("sourcing", shopID) }
