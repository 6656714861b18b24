// Package stocktakepb holds the commands and replies of the stocktake.
package stocktakepb

// Kind is the grain's name in the cluster.
const Kind = "Stocktake"
