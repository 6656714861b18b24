// Package importspb holds the commands and replies of an import of products.
package importspb

// Kind is the grain's name in the cluster.
const Kind = "Import"
