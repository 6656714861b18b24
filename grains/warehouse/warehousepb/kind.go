// Package warehousepb holds the commands and replies of the warehouse.
package warehousepb

// Kind is the grain's name in the cluster.
const Kind = "Warehouse"
