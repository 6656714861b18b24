// Package accesspb holds the commands and replies of the access grain.
package accesspb

import "entrepot"

// Kind is the grain's name in the cluster.
const Kind = "Access"

// ID is the platform's one access grain.
var ID = entrepot.DeriveID("access")
