// Package apikeypb holds the commands and replies of the apikey grain.
package apikeypb

// Kind is the grain's name in the cluster.
const Kind = "APIKey"
