// Package shoppb holds the commands and replies of the shop grain.
package shoppb

// Kind is the grain's name in the cluster.
const Kind = "Shop"
