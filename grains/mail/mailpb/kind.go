// Package mailpb holds the commands and replies of the mail grain.
package mailpb

// Kind is the grain's name in the cluster.
const Kind = "Mail"
