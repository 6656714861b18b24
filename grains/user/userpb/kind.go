// Package userpb holds the commands and replies of the user grain.
package userpb

// Kind is the grain's name in the cluster.
const Kind = "User"
