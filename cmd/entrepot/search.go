package main

import (
	"context"
	"time"

	"entrepot"
	actors "entrepot/actors/ecommerce"
	"entrepot/grains/ecommerce/recommend"
	"entrepot/http/api/ecommerce"
	"entrepot/persistence/search"
)

// prepareSearch makes the index of the products, if their service is here. It is
// empty until startSearch fills it.
func (n *node) prepareSearch(lists *ecommerce.ListCache) (err error) {
	d := n.database("ecommerce")
	if d == nil {
		return nil
	}
	if n.found, err = search.New(search.Options{}); err != nil {
		return err
	}
	n.feed = actors.NewSearchFeed(actors.SearchFeedConfig{
		Store: d.store, Index: n.found, Clock: time.Now, Changed: lists.Invalidate, Logger: n.log,
	})
	n.hooks = append(n.hooks, n.feed.Committed)
	return nil
}

// startSearch reads the products and follows them from then on. Nothing waits
// for it: until the index is complete lists come from the database.
func (n *node) startSearch(context.Context) error {
	if n.feed != nil {
		n.feed.Start()
	}
	return nil
}

// stopSearch ends the feed before its database closes.
func (n *node) stopSearch() {
	if n.feed != nil {
		n.feed.Stop()
		n.found.Close()
	}
}

// likeness is the score that counts half: one category in common, and a little more.
const likeness = 4

// similar is what the recommendations ask for products like one.
func (n *node) similar(ctx context.Context, productID entrepot.ID, most int) ([]recommend.Scored, error) {
	if !n.found.Ready() {
		return nil, entrepot.Unavailable("the search is being prepared")
	}
	var out []recommend.Scored
	for _, h := range n.found.Similar(ctx, productID, most) {
		out = append(out, recommend.Scored{ID: h.ID, Score: h.Score / (h.Score + likeness)})
	}
	return out, nil
}
