package ecommerce

import (
	"context"
	"slices"
	"time"

	"entrepot/grains/ecommerce/categories"
	"entrepot/persistence"
	"entrepot/persistence/search"
)

// tree is a company's categories by slug.
type tree struct {
	version int64
	nodes   map[string]categories.Node
}

// path returns the slugs of the category and its ancestors, and their titles. A category that is
// in no tree counts as a root.
func (t *tree) path(slug string) (slugs, titles []string) {
	if slug == "" {
		return nil, nil
	}
	if t == nil {
		return []string{slug}, nil
	}
	for at := slug; at != "" && !slices.Contains(slugs, at); at = t.nodes[at].Parent {
		slugs = append(slugs, at)
		if title := t.nodes[at].Title; title != "" {
			titles = append(titles, title)
		}
	}
	return slugs, titles
}

// readTrees reads the category trees written since, and indexes again the products whose
// categories have moved or been renamed.
func (f *SearchFeed) readTrees(ctx context.Context, since time.Time) error {
	var changed []persistence.Document
	err := f.read(ctx, categories.Collection, persistence.UpdatedAt, since, func(d *persistence.Document) {
		if have := f.treeByCompany[d.CompanyID]; have == nil || have.version < d.Version {
			changed = append(changed, *d)
		}
	}, func() error { return nil })
	if err != nil {
		return err
	}
	for i := range changed {
		d := &changed[i]
		var saved categories.Tree
		if err := f.c.Store.Unmarshal(d.State, &saved); err != nil {
			f.c.Logger.Error("cannot decode a category tree for the search index", "id", d.ID, "error", err)
			continue
		}
		t := &tree{version: d.Version, nodes: map[string]categories.Node{}}
		for _, n := range saved.Nodes {
			t.nodes[n.Slug] = n
		}
		if err := f.replaceTree(d, t); err != nil {
			return err // the tree's version is not stored, so the next pass repeats it
		}
	}
	return nil
}

func (f *SearchFeed) replaceTree(d *persistence.Document, t *tree) error {
	var moved []*search.Document
	for _, doc := range f.c.Index.Of(d.CompanyID) {
		slugs, titles := t.path(doc.Category)
		if slices.Equal(slugs, doc.Path) && slices.Equal(titles, doc.Titles) {
			continue
		}
		next := *doc
		next.Path, next.Titles = slugs, titles
		moved = append(moved, &next)
	}
	if err := f.c.Index.Put(moved...); err != nil {
		return err
	}
	f.treeByCompany[d.CompanyID] = t
	if len(moved) > 0 {
		f.c.Changed(d.CompanyID)
	}
	return nil
}
