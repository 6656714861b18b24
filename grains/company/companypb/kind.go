// Package companypb holds the commands and replies of the company grain.
package companypb

// Kind is the grain's name in the cluster.
const Kind = "Company"
