// Package categories is the category tree of a company. Products refer to a category
// by its slug; the tree adds titles, parents and an order.
//
// Commands: Create, Update, Delete, Clear. Queries: Get. Persisted: the whole
// [State], one document per company.
package categories

import (
	"cmp"
	"regexp"
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
)

// Bounds of a tree.
const (
	MaxNodes    = 2000
	MaxDepth    = 16
	MaxSlug     = 100 // bytes
	MaxTitle    = 200
	MaxPosition = 1_000_000
)

var slugPattern = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// State is a company's tree. The zero State has no categories. Nodes are never changed in place.
type State struct {
	Tree
	CreatedAt int64 `json:"created,omitempty"` // Unix ms
}

// changed is the public event with the tree after it.
type changed struct {
	events.CategoryUpdated
	next State
}

// cleared empties the tree.
type cleared struct{ events.Private }

// Create adds a category to the tree.
func (s *State) Create(t entrepot.Turn, c Create) ([]events.Event, error) {
	if err := s.mayChange(t, c.CompanyID); err != nil {
		return nil, err
	}
	node := Node{c.Slug, c.Parent, c.Title, c.Position}
	switch {
	case len(c.Slug) > MaxSlug || !slugPattern.MatchString(c.Slug):
		return nil, entrepot.Invalid("slug", "format", "must be words of a-z and 0-9 with hyphens between, such as coffee-beans")
	case s.find(c.Slug) >= 0:
		return nil, slugTaken(c.Slug)
	case len(s.Nodes) >= MaxNodes:
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the company has %d categories already", MaxNodes)
	}
	return s.with(t, c.CompanyID, append(slices.Clone(s.Nodes), node), node, "created")
}

func slugTaken(slug string) error {
	e := entrepot.Invalid("slug", "unique", "the company has a category %s", slug)
	e.Code = entrepot.CodeConflict
	return e
}

// Update renames, moves or reorders a category.
func (s *State) Update(t entrepot.Turn, c Update) ([]events.Event, error) {
	if err := s.mayChange(t, c.CompanyID); err != nil {
		return nil, err
	}
	at := s.find(c.Slug)
	if at < 0 {
		return nil, entrepot.ErrNotFound
	}
	if err := entrepot.CheckVersion(c.ExpectedVersion, s.Version); err != nil {
		return nil, err
	}
	node := s.Nodes[at]
	setIf(&node.Parent, c.Parent)
	setIf(&node.Title, c.Title)
	setIf(&node.Position, c.Position)
	if node == s.Nodes[at] {
		return nil, nil
	}
	nodes := slices.Clone(s.Nodes)
	nodes[at] = node
	return s.with(t, c.CompanyID, nodes, node, "updated")
}

func setIf[V any](field, value *V) {
	if value != nil {
		*field = *value
	}
}

// Delete removes a category without children.
func (s *State) Delete(t entrepot.Turn, c Delete) ([]events.Event, error) {
	if err := s.mayChange(t, c.CompanyID); err != nil {
		return nil, err
	}
	at := s.find(c.Slug)
	switch {
	case at < 0:
		return nil, entrepot.ErrNotFound
	case slices.ContainsFunc(s.Nodes, func(n Node) bool { return n.Parent == c.Slug }):
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the category has subcategories: move or delete them first")
	}
	return s.with(t, c.CompanyID, slices.Delete(slices.Clone(s.Nodes), at, at+1), s.Nodes[at], "deleted")
}

// Clear empties the tree of a deleted company.
func (s *State) Clear(t entrepot.Turn, _ Clear) ([]events.Event, error) {
	switch {
	case t.Caller.Role != entrepot.System:
		return nil, entrepot.Errorf(entrepot.CodeForbidden, "only the platform clears a tree, with its company")
	case len(s.Nodes) == 0:
		return nil, nil
	}
	return []events.Event{cleared{}}, nil
}

// mayChange returns an error unless the caller is an admin of the tree's company.
func (s *State) mayChange(t entrepot.Turn, company entrepot.ID) error {
	switch {
	case t.ID != ID(company) || !t.Caller.MayReachCompany(company):
		return entrepot.ErrNotFound
	case !t.Caller.Administers(company):
		return entrepot.Errorf(entrepot.CodeForbidden, "this role may not change categories")
	default:
		return nil
	}
}

// with returns the fact that the tree has these nodes, or an error if they form no valid tree.
// about is the changed node.
func (s *State) with(
	t entrepot.Turn, company entrepot.ID, nodes []Node, about Node, what string,
) ([]events.Event, error) {
	switch {
	case about.Title == "" || len(about.Title) > MaxTitle:
		return nil, entrepot.Invalid("title", "length", "must be 1 to %d bytes", MaxTitle)
	case about.Position < 0 || about.Position > MaxPosition:
		return nil, entrepot.Invalid("position", "range", "must be 0 to %d", MaxPosition)
	case about.Parent != "" && !slices.ContainsFunc(nodes, func(n Node) bool { return n.Slug == about.Parent }):
		return nil, entrepot.Invalid("parent", "exists", "the company has no category %s", about.Parent)
	}
	sorted, deepest := inOrder(nodes)
	switch {
	case len(sorted) < len(nodes): // some nodes form a cycle
		return nil, entrepot.Invalid("parent", "cycle", "is below the category itself")
	case deepest > MaxDepth:
		return nil, entrepot.Invalid("parent", "depth", "exceeds the %d levels that a tree may have", MaxDepth)
	}
	next := State{Tree{CompanyID: company, Nodes: sorted, Version: s.Version + 1}, s.CreatedAt}
	if next.CreatedAt == 0 {
		next.CreatedAt = t.Now.UnixMilli()
	}
	return []events.Event{changed{events.CategoryUpdated{
		CompanyID: next.CompanyID, Slug: about.Slug, Parent: about.Parent, Title: about.Title, Position: about.Position,
		Change: what, TreeVersion: next.Version,
	}, next}}, nil
}

// inOrder returns the nodes with parents before children and siblings in order, and the depth of
// the tree. Nodes that are not connected to a root are left out.
func inOrder(nodes []Node) (out []Node, deepest int) {
	below := map[string][]Node{}
	for _, n := range nodes {
		below[n.Parent] = append(below[n.Parent], n)
	}
	for _, siblings := range below {
		slices.SortFunc(siblings, func(a, b Node) int {
			return cmp.Or(cmp.Compare(a.Position, b.Position), cmp.Compare(a.Title, b.Title), cmp.Compare(a.Slug, b.Slug))
		})
	}
	var walk func(parent string, depth int)
	walk = func(parent string, depth int) {
		for _, n := range below[parent] {
			deepest = max(deepest, depth)
			out = append(out, n)
			walk(n.Slug, depth+1)
		}
	}
	walk("", 1)
	return out, deepest
}

func (s *State) find(slug string) int {
	return slices.IndexFunc(s.Nodes, func(n Node) bool { return n.Slug == slug })
}

// Get returns the tree to anyone: visitors of a shop navigate by it.
func (s *State) Get(entrepot.Turn, Get) (*Tree, error) {
	return s.View(), nil
}

// View returns a copy of the tree.
func (s *State) View() *Tree {
	tree := s.Tree
	tree.Nodes = slices.Clone(s.Nodes)
	return &tree
}

func (s *State) createdAt() time.Time { return time.UnixMilli(s.CreatedAt).UTC() }

// Apply changes the state by one fact.
func (s *State) Apply(e events.Event) {
	switch f := e.(type) {
	case changed:
		*s = f.next
	case cleared:
		s.Nodes = nil
		s.Version++
	}
}
