package inventory

import (
	"context"

	"entrepot"
	"entrepot/actors"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/inventory/sourcing"
)

// ShopLocations keeps the coordinates of shops in their sourcing, which chooses the nearest
// location, and closes the sourcing of a deleted shop. The sequence of the shop's event is the
// version, so an old event that is delivered again changes nothing.
func ShopLocations(a grains.Asker) events.Handler {
	return actors.On(actors.EachOf(func(ctx context.Context, d *events.Delivery) error {
		var e events.ShopUpdated // all shop events have its shopId, companyId and location
		if err := d.Decode(&e); err != nil || e.ShopID == "" {
			return actors.Malformed(d, err, "shopId")
		}
		c := sourcing.PlaceShop{
			ShopID: e.ShopID, CompanyID: e.CompanyID, Version: d.Aggregate.Sequence, Closed: d.Type == "shop.deleted",
		}
		if p := e.Location.Coordinates; p != nil && !c.Closed {
			c.Point = p
		}
		as := grains.As(entrepot.DeriveID(d.ID, e.ShopID))
		_, err := grains.Ask(actors.AsSystem(ctx, d), a, sourcing.Of(sourcing.ID(e.ShopID)), c, as)
		return err
	}), "shop.created", "shop.updated", "shop.deleted")
}
