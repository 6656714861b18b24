// Package orderpb holds the commands and replies of the order.
package orderpb

import "entrepot"

// Kind is the grain's name in the cluster.
const Kind = "Order"

// KeyedID is the one order that a customer places under an Idempotency-Key, so
// that a retry meets the order wherever it had got to.
func KeyedID(customerID entrepot.ID, key string) entrepot.ID {
	return entrepot.DeriveID("order", customerID, key)
}

// SiblingID is the order of a further shop of the same checkout.
func SiblingID(first, shopID entrepot.ID) entrepot.ID {
	return entrepot.DeriveID("sibling", first, shopID)
}
