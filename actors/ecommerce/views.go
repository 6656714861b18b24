package ecommerce

import (
	"context"

	"entrepot"
	"entrepot/actors"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/ecommerce/recommend"
	"entrepot/persistence"
)

// insertViews records the product views of customers in [recommend.Views]. Views of guests are
// skipped.
func insertViews(store persistence.Store) events.Handler {
	return actors.Insert(store, recommend.Views, func(d *events.Delivery) (*persistence.Document, error) {
		var v events.ProductViewed
		if err := d.Decode(&v); err != nil || v.UserID == "" {
			return nil, err
		}
		state, err := store.Marshal(&v)
		return &persistence.Document{
			OwnerID: v.UserID, Fields: []any{v.ProductID, v.Duration}, State: state,
			WakeAt: d.OccurredAt.Add(recommend.ViewsKept),
		}, err
	})
}

// forgetUser removes the taste and the views of a deleted user.
func forgetUser(store persistence.Store, a grains.Asker) events.Handler {
	return actors.EachOf(func(ctx context.Context, d *events.Delivery) error {
		var e events.UserDeleted
		if err := d.Decode(&e); err != nil {
			return events.Permanent(err)
		}
		ctx = actors.AsSystem(ctx, d)
		if _, err := grains.Ask(ctx, a, recommend.TasteOf(e.UserID), recommend.Forget{}, grains.As(d.ID)); err != nil {
			return err
		}
		return actors.DropRows(ctx, store, recommend.Views, entrepot.OwnedBy(e.UserID), nil, d.OccurredAt, nil)
	})
}
