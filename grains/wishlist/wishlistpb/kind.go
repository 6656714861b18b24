// Package wishlistpb holds the commands and replies of the wishlist grain.
package wishlistpb

// Kind is the grain's name in the cluster. A wishlist has the id of its user.
const Kind = "Wishlist"
