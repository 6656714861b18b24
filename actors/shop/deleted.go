package shop

import (
	"context"

	"entrepot"
	"entrepot/actors"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/shop/shipping"
	"entrepot/grains/shop/shop"
	"entrepot/persistence"
)

var (
	shops = actors.Owned{
		Collection: shop.Collection, Kind: shop.Name,
		End: shop.Delete{},
	}
	shippingRules = actors.Owned{
		Collection: shipping.Collection, Kind: shipping.Name,
		End: shipping.Remove{},
	}
)

// CompanyDeleted deletes the shops and shipping rules of a deleted company.
func CompanyDeleted(store persistence.Store, a grains.Asker) events.Handler {
	return actors.OnCompanyDeleted(store, a, shops, shippingRules)
}

// UserDeleted removes a deleted user from the staff of their shops. A shop that has been deleted
// itself is skipped; any other error asks for another delivery.
func UserDeleted(a grains.Asker) events.Handler {
	return actors.On(actors.EachOf(func(ctx context.Context, d *events.Delivery) error {
		var e events.UserDeleted
		if err := d.Decode(&e); err != nil {
			return events.Permanent(err)
		}
		ctx = actors.AsSystem(ctx, d)
		for _, id := range e.ShopIDs {
			assign := shop.Assign{ID: d.ID, Remove: []string{e.UserID}}
			_, err := grains.Ask(ctx, a, shop.Of(id), assign, grains.As(entrepot.DeriveID(d.ID, id)))
			if err != nil && entrepot.CodeOf(err) != entrepot.CodeNotFound {
				return err
			}
		}
		return nil
	}), "user.deleted")
}

// ShopDeleted removes the shipping rules of a deleted shop, if it had its own.
func ShopDeleted(a grains.Asker) events.Handler {
	return actors.On(actors.EachOf(func(ctx context.Context, d *events.Delivery) error {
		var e events.ShopDeleted
		if err := d.Decode(&e); err != nil {
			return events.Permanent(err)
		}
		id := shipping.ID(e.CompanyID, e.ShopID)
		remove := shipping.Remove{CompanyID: e.CompanyID, ShopID: e.ShopID}
		_, err := grains.Ask(actors.AsSystem(ctx, d), a, shipping.Of(id), remove, grains.As(d.ID))
		if entrepot.CodeOf(err) == entrepot.CodeNotFound {
			return nil
		}
		return err
	}), "shop.deleted")
}
