package actors

import (
	"context"
	"fmt"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/wishlist"
	"entrepot/grains/wishlist/wishlistpb"
	"entrepot/persistence"

	"golang.org/x/sync/errgroup"
)

// Wishes keeps who wishes for which product, a row each, and takes a deleted
// product off those wishlists. A deletion costs as much as there are customers who
// ever wished for the product, a hundred at a time; another delivery goes on where
// the last one stopped. A row stays when its item is taken off: its customer's list
// then has nothing to remove.
func Wishes(store persistence.Store, a grains.Asker) events.Handler {
	return Each(
		On(keepWishes(store), "wishlist.item_added"),
		On(eachOf(func(ctx context.Context, d *events.Delivery) error {
			var e events.ProductDeleted
			if err := d.Decode(&e); err != nil || e.ProductID == "" {
				return events.Permanent(fmt.Errorf("a deleted product without an id: %w", err))
			}
			return noMoreWishes(ctx, store, a, d, e.ProductID)
		}), "product.deleted"),
		On(eachOf(func(ctx context.Context, d *events.Delivery) error {
			var e events.UserDeleted
			if err := d.Decode(&e); err != nil || e.UserID == "" {
				return events.Permanent(fmt.Errorf("a deleted user without an id: %w", err))
			}
			return dropRows(ctx, store, wishlist.Wishes, entrepot.OwnedBy(e.UserID), nil, d.OccurredAt, nil)
		}), "user.deleted"),
	)
}

// eachOf handles the deliveries of a batch one by one.
func eachOf(handle func(context.Context, *events.Delivery) error) events.Handler {
	return func(ctx context.Context, batch []*events.Delivery) []error {
		results := make([]error, len(batch))
		for i, d := range batch {
			results[i] = handle(ctx, d)
		}
		return results
	}
}

// keepWishes inserts the rows. What is wished for again is there.
func keepWishes(store persistence.Store) events.Handler {
	return func(ctx context.Context, batch []*events.Delivery) []error {
		results := make([]error, len(batch))
		state, err := store.Marshal(&struct{}{})
		var writes []persistence.Write
		var at []int
		known := map[entrepot.ID]bool{}
		for i, d := range batch {
			var e events.WishlistItemAdded
			if decoded := d.Decode(&e); decoded != nil || err != nil || e.UserID == "" || e.ProductID == "" {
				results[i] = events.Permanent(fmt.Errorf("a wish of nobody: %w", decoded))
				continue
			}
			id := entrepot.DeriveID("wish", e.UserID, e.ProductID)
			if known[id] {
				continue
			}
			known[id] = true
			at, writes = append(at, i), append(writes, persistence.Write{Collection: wishlist.Wishes, Doc: persistence.Document{
				ID: id, Version: 1, OwnerID: e.UserID, CreatedAt: d.OccurredAt, UpdatedAt: d.OccurredAt, Fields: []any{e.ProductID}, State: state,
			}})
		}
		if len(writes) == 0 {
			return results
		}
		for j, err := range store.Commit(ctx, writes) {
			if err != nil && !isThere(err) {
				results[at[j]] = err
			}
		}
		return results
	}
}

// noMoreWishes takes a product off all wishlists, and its rows away.
func noMoreWishes(ctx context.Context, store persistence.Store, a grains.Asker, d *events.Delivery, product entrepot.ID) error {
	ctx = entrepot.WithCaller(grains.WithTrace(ctx, d.TraceParent), entrepot.SystemCaller(d.ID))
	where := []persistence.Cond{{Field: "productId", Value: product}}
	return dropRows(ctx, store, wishlist.Wishes, entrepot.AllTenants(), where, d.OccurredAt, func(rows []persistence.Document) error {
		g, asking := errgroup.WithContext(ctx)
		g.SetLimit(ends)
		for _, row := range rows {
			g.Go(func() error {
				_, err := a.Ask(asking, wishlistpb.Kind, row.OwnerID, &wishlistpb.RemoveItem{Id: product})
				if entrepot.CodeOf(err) == entrepot.CodeNotFound {
					return nil // taken off before
				}
				return err
			})
		}
		return g.Wait()
	})
}
