// Package paymentpb holds the commands and replies of the payment grain.
package paymentpb

import "entrepot"

// Kind is the grain's name in the cluster.
const Kind = "Payment"

// ID is the one payment of an order: a single writer sees all its attempts and refunds.
func ID(orderID entrepot.ID) entrepot.ID { return entrepot.DeriveID("payment", orderID) }
