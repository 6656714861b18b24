// Package purchasepb holds the commands and replies of the purchase order.
package purchasepb

// Kind is the grain's name in the cluster.
const Kind = "PurchaseOrder"
