// Package recommendpb holds the commands and replies of the grains that
// recommendations are made of.
package recommendpb

import (
	"strconv"

	"entrepot"
)

// The grains' names in the cluster.
const (
	Affinity = "Affinity" // its id is the product's
	Trending = "Trending" // its id is the company's, or Everywhere
	Tastes   = "Taste"    // its id is the user's, or one of Anonymous
)

// Everywhere is the id of the trends of the whole platform.
func Everywhere() entrepot.ID { return entrepot.DeriveID("trending", "everywhere") }

// shards is how many entities record the views of those who are not known.
const shards = 64

// Anonymous is the entity that records the views of a viewer who is not known.
func Anonymous(viewer entrepot.ID) entrepot.ID {
	n := 0
	for i := range len(viewer) {
		n = (n*31 + int(viewer[i])) % shards
	}
	return entrepot.DeriveID("anonymous", strconv.Itoa(n))
}
