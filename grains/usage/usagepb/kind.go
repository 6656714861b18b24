// Package usagepb holds the command and reply of the usage grain.
package usagepb

import "entrepot"

// Kind is the grain's name in the cluster.
const Kind = "Usage"

// ID is the one such grain of the platform.
var ID = entrepot.DeriveID("usage")
