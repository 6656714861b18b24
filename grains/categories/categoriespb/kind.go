// Package categoriespb holds the commands and replies of the category tree.
package categoriespb

import "entrepot"

// Kind is the grain's name in the cluster.
const Kind = "Categories"

// ID is the tree of a company.
func ID(company entrepot.ID) entrepot.ID { return entrepot.DeriveID("categories", company) }

// Paths is, for every category of the tree, the slugs from its root down to
// itself: what a product of it is found under. A slug that is in no tree is
// found under itself alone.
func (x *Tree) Paths() map[string][]string {
	out := make(map[string][]string, len(x.GetNodes()))
	for _, n := range x.GetNodes() { // parents come first
		above := out[n.GetParent()]
		out[n.GetSlug()] = append(above[:len(above):len(above)], n.GetSlug())
	}
	return out
}
