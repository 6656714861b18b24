package categories

import (
	"entrepot"
	"entrepot/grains"
)

// Kind is the grain's name in the cluster.
const Name = "Categories"

// ID is the tree of a company.
func ID(company entrepot.ID) entrepot.ID { return entrepot.DeriveID("categories", company) }

// Paths is, for every category of the tree, the slugs from its root down to
// itself: what a product of it is found under. A slug that is in no tree is
// found under itself alone.
func (x *Tree) Paths() map[string][]string {
	out := make(map[string][]string, len(x.Nodes))
	for _, n := range x.Nodes { // parents come first
		above := out[n.Parent]
		out[n.Slug] = append(above[:len(above):len(above)], n.Slug)
	}
	return out
}

// Of names one grain of the kind.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// Create takes a category into the company's tree.
type Create struct {
	CompanyID entrepot.ID
	Slug      string // what products name it by; stays
	Parent    string // slug; empty: a root
	Title     string
	Position  int64 // among its siblings
}

// Update replaces what is set. A changed parent moves all below along.
type Update struct {
	CompanyID       entrepot.ID
	Slug            string
	Parent          *string
	Title           *string
	Position        *int64
	ExpectedVersion int64 // of the tree; 0: whatever it is
}

// Delete takes a category without children out of the tree. Products keep its slug.
type Delete struct {
	CompanyID entrepot.ID
	Slug      string
}

// Clear empties the tree of a company that is erased.
type Clear struct{}

type Get struct{}

// Tree is the categories of a company, parents before children, siblings in
// their order. What has no node here is a root of its own.
type Tree struct {
	CompanyID entrepot.ID
	Version   int64
	Nodes     []Node
}

func (Create) Answers(*Tree) {}
func (Update) Answers(*Tree) {}
func (Delete) Answers(*Tree) {}
func (Clear) Answers(*Tree)  {}
func (Get) Answers(*Tree)    {}
