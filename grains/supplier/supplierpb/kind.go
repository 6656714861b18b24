// Package supplierpb holds the commands and replies of the supplier.
package supplierpb

// Kind is the grain's name in the cluster.
const Kind = "Supplier"
