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

// keepWishes inserts the rows. What is wished for again is there.
func keepWishes(store persistence.Store) events.Handler {
	return insert(store, wishlist.Wishes, func(d *events.Delivery) (*persistence.Document, error) {
		var e events.WishlistItemAdded
		if err := d.Decode(&e); err != nil || e.UserID == "" || e.ProductID == "" {
			return nil, fmt.Errorf("a wish of nobody: %w", err)
		}
		state, err := store.Marshal(&struct{}{})
		return &persistence.Document{
			ID: entrepot.DeriveID("wish", e.UserID, e.ProductID), OwnerID: e.UserID, Fields: []any{e.ProductID}, State: state,
		}, err
	})
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
