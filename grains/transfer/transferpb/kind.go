// Package transferpb holds the commands and replies of the transfer.
package transferpb

// Kind is the grain's name in the cluster.
const Kind = "Transfer"
