package categories

import (
	"entrepot"
	"entrepot/grains"
)

// Name is the kind's name in the cluster.
const Name = "Categories"

// ID returns the id of a company's tree.
func ID(company entrepot.ID) entrepot.ID { return entrepot.DeriveID("categories", company) }

// Of returns the ref of a tree; its id comes from [ID].
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// Create adds a category to the company's tree.
type Create struct {
	CompanyID entrepot.ID
	Slug      string // the name that products use; permanent
	Parent    string // slug; empty: a root
	Title     string
	Position  int64 // among its siblings
}

// Update replaces the fields that are set. With a new parent, all categories below move along.
type Update struct {
	CompanyID       entrepot.ID
	Slug            string
	Parent          *string
	Title           *string
	Position        *int64
	ExpectedVersion int64 // of the tree; 0: any
}

// Delete removes a category without children from the tree. Products keep its slug.
type Delete struct {
	CompanyID entrepot.ID
	Slug      string
}

// Clear empties the tree of a deleted company.
type Clear struct{}

// Get returns the tree to anyone.
type Get struct{}

// Tree is the categories of a company. A slug without a node counts as a root.
type Tree struct {
	CompanyID entrepot.ID `json:"companyId,omitempty"`
	Nodes     []Node      `json:"nodes,omitempty"` // parents before children, siblings in order
	Version   int64       `json:"version,omitempty"`
}

// Node is one category.
type Node struct {
	Slug     string `json:"slug"`
	Parent   string `json:"parent,omitempty"` // slug; empty: a root
	Title    string `json:"title"`
	Position int64  `json:"position,omitempty"` // among its siblings
}

// Paths returns, for every category of the tree, the slugs from its root down to itself: those
// under which its products are found. Products of a slug without a node are found under that
// slug alone. A nil tree has no paths.
func (x *Tree) Paths() map[string][]string {
	if x == nil {
		return nil
	}
	out := make(map[string][]string, len(x.Nodes))
	for _, n := range x.Nodes { // parents come first
		above := out[n.Parent]
		out[n.Slug] = append(above[:len(above):len(above)], n.Slug)
	}
	return out
}

func (Create) Answers(*Tree) {}
func (Update) Answers(*Tree) {}
func (Delete) Answers(*Tree) {}
func (Clear) Answers(*Tree)  {}
func (Get) Answers(*Tree)    {}
