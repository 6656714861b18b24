package actors

import (
	"context"
	"slices"
	"time"

	"entrepot/grains/categories"
	"entrepot/persistence"
	"entrepot/search"
)

// tree is a company's categories by slug.
type tree struct {
	version int64
	nodes   map[string]categories.Node
}

// path is the slugs of the category and of all above it, and their titles. One
// that is in no tree is a root of its own.
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

// readTrees takes over the category trees written since, and puts the products
// anew whose categories are below others now, or are called otherwise.
func (f *SearchFeed) readTrees(ctx context.Context, since time.Time) error {
	var changed []persistence.Document
	err := f.read(ctx, categories.Collection, persistence.UpdatedAt, since, func(d *persistence.Document) {
		if have := f.forest[d.CompanyID]; have == nil || have.version < d.Version {
			changed = append(changed, *d)
		}
	}, func() error { return nil })
	if err != nil {
		return err
	}
	for i := range changed {
		d := &changed[i]
		var s categories.State
		if err := f.c.Store.Unmarshal(d.State, &s); err != nil {
			f.c.Logger.Error("a category tree cannot be read for the search index", "id", d.ID, "error", err)
			continue
		}
		t := &tree{version: d.Version, nodes: map[string]categories.Node{}}
		for _, n := range s.Nodes {
			t.nodes[n.Slug] = n
		}
		if err := f.replant(d, t); err != nil {
			return err // the version is not known yet: it comes again
		}
	}
	return nil
}

func (f *SearchFeed) replant(d *persistence.Document, t *tree) error {
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
	f.forest[d.CompanyID] = t
	if len(moved) > 0 {
		f.c.Changed(d.CompanyID)
	}
	return nil
}
