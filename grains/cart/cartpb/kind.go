// Package cartpb holds the commands and replies of the cart grain.
package cartpb

import "entrepot"

// Kind is the grain's name in the cluster.
const Kind = "Cart"

// A cart has the id of its user, or that of a guest's token.

// GuestID is the cart of who shows the token. The token stands nowhere.
func GuestID(token string) entrepot.ID { return entrepot.DeriveID("guest", token) }
