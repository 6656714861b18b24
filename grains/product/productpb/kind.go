// Package productpb holds the commands and replies of the product grain.
package productpb

// Kind is the grain's name in the cluster.
const Kind = "Product"
