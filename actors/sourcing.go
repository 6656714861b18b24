package actors

import (
	"context"
	"fmt"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/sourcing/sourcingpb"
)

// Sourcings tells a shop's sourcing where the shop stands, so that the nearest
// location can be chosen, and that a deleted shop is served by nobody. The
// number of the shop's event is the version: an old one that comes again changes
// nothing.
func Sourcings(a grains.Asker) events.Handler {
	return On(func(ctx context.Context, batch []*events.Delivery) []error {
		results := make([]error, len(batch))
		for i, d := range batch {
			var e events.ShopUpdated // reads what all events of shops have
			if err := d.Decode(&e); err != nil || e.ShopID == "" {
				results[i] = events.Permanent(fmt.Errorf("an event of no shop: %w", err))
				continue
			}
			c := &sourcingpb.Stand{ShopId: e.ShopID, CompanyId: e.CompanyID, Version: d.Aggregate.Sequence, Closed: d.Type == "shop.deleted"}
			if p := e.Location.Coordinates; p != nil && !c.Closed {
				c.Point = &sourcingpb.Point{Lat: p.Lat, Lng: p.Lng}
			}
			ctx := entrepot.WithCaller(grains.WithTrace(ctx, d.TraceParent), entrepot.SystemCaller(d.ID))
			ctx = grains.WithCommand(ctx, grains.CommandID{ID: entrepot.DeriveID(d.ID, e.ShopID)})
			_, results[i] = a.Ask(ctx, sourcingpb.Kind, sourcingpb.ID(e.ShopID), c)
		}
		return results
	}, "shop.created", "shop.updated", "shop.deleted")
}
