package ecommerce

import (
	"context"

	"entrepot"
	"entrepot/actors"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/ecommerce/wishlist"
	"entrepot/persistence"
)

// Wishes keeps [wishlist.Wishes], a row per customer and wished product, and removes a deleted
// product from those wishlists. The cost of a deletion grows with the number of customers who ever
// wished for the product; it proceeds by pages of 100 rows, and another delivery continues where
// the last one stopped. A row stays when the customer removes the item: the wishlist of
// that customer then has nothing to remove.
func Wishes(store persistence.Store, a grains.Asker) events.Handler {
	return actors.Each(
		actors.On(insertWishes(store), "wishlist.item_added"),
		actors.On(actors.EachOf(func(ctx context.Context, d *events.Delivery) error {
			var e events.ProductDeleted
			if err := d.Decode(&e); err != nil || e.ProductID == "" {
				return actors.Malformed(d, err, "productId")
			}
			return removeProduct(ctx, store, a, d, e.ProductID)
		}), "product.deleted"),
		actors.On(actors.EachOf(func(ctx context.Context, d *events.Delivery) error {
			var e events.UserDeleted
			if err := d.Decode(&e); err != nil || e.UserID == "" {
				return actors.Malformed(d, err, "userId")
			}
			return actors.DropRows(ctx, store, wishlist.Wishes, entrepot.OwnedBy(e.UserID), nil, d.OccurredAt, nil)
		}), "user.deleted"),
	)
}

// insertWishes inserts the rows. The row's id derives from customer and product, so a product that
// is wished for again keeps its row.
func insertWishes(store persistence.Store) events.Handler {
	return actors.Insert(store, wishlist.Wishes, func(d *events.Delivery) (*persistence.Document, error) {
		var e events.WishlistItemAdded
		if err := d.Decode(&e); err != nil || e.UserID == "" || e.ProductID == "" {
			return nil, actors.Malformed(d, err, "userId or productId")
		}
		state, err := store.Marshal(&struct{}{})
		return &persistence.Document{
			ID: entrepot.DeriveID("wish", e.UserID, e.ProductID), OwnerID: e.UserID,
			Fields: []any{e.ProductID}, State: state,
		}, err
	})
}

// concurrentRemovals bounds the wishlists from which a product is removed at the same time.
const concurrentRemovals = 16

// removeProduct removes a product from all wishlists, and then its rows.
func removeProduct(
	ctx context.Context, store persistence.Store, a grains.Asker, d *events.Delivery, productID entrepot.ID,
) error {
	ctx = actors.AsSystem(ctx, d)
	where := []persistence.Cond{{Field: "productId", Value: productID}}
	remove := func(rows []persistence.Document) error {
		return actors.FanOut(ctx, concurrentRemovals, rows, func(ctx context.Context, row persistence.Document) error {
			_, err := grains.Ask(ctx, a, wishlist.Of(row.OwnerID), wishlist.RemoveItem{ID: productID})
			if entrepot.CodeOf(err) == entrepot.CodeNotFound {
				return nil // removed before
			}
			return err
		})
	}
	return actors.DropRows(ctx, store, wishlist.Wishes, entrepot.AllTenants(), where, d.OccurredAt, remove)
}
