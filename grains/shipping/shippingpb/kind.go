// Package shippingpb holds the commands and replies of shipping rules.
package shippingpb

import "entrepot"

// Kind is the grain's name in the cluster.
const Kind = "Shipping"

// ID is the one set of rules of a shop, or without a shop of a company.
func ID(companyID, shopID entrepot.ID) entrepot.ID {
	return entrepot.DeriveID("shipping", companyID, shopID)
}
