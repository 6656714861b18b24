// Package cartpb holds the commands and replies of the cart grain.
package cartpb

// Kind is the grain's name in the cluster.
const Kind = "Cart"

// A cart has the id of its user.
