package actors

import (
	"context"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/shipping/shippingpb"
	"entrepot/grains/shop"
	"entrepot/grains/shop/shoppb"
	"entrepot/persistence"
)

// Shops counts what shops sell (orders placed and cancelled, money taken and
// given back), tells shops of people who are no more, and ends the shops of an
// erased company and the shipping rules of a shop that was given up.
func Shops(store persistence.Store, a grains.Asker) events.Handler {
	count := insert(store, shop.Sales, func(d *events.Delivery) (*persistence.Document, error) {
		s, counts, err := shop.SaleOf(&d.Envelope)
		if err != nil || !counts {
			return nil, err
		}
		state, err := store.Marshal(&struct{}{})
		return &persistence.Document{CompanyID: s.CompanyID, ShopID: s.ShopID, Fields: s.Fields(), State: state}, err
	})
	return func(ctx context.Context, batch []*events.Delivery) []error {
		results := count(ctx, batch)
		for i, d := range batch {
			switch d.Type {
			case "user.deleted":
				results[i] = leave(ctx, a, d)
			case "shop.deleted":
				results[i] = unrule(ctx, a, d)
			case "company.deleted":
				results[i] = end(ctx, store, a, d, itsShops, itsRates)
			}
		}
		return results
	}
}

// leave takes an erased user off the staff of each shop. One that does not know
// the user, or is gone, has nothing to do; one that is busy is asked again.
func leave(ctx context.Context, a grains.Asker, d *events.Delivery) error {
	var e events.UserDeleted
	if err := d.Decode(&e); err != nil {
		return events.Permanent(err)
	}
	ctx = entrepot.WithCaller(grains.WithTrace(ctx, d.TraceParent), entrepot.SystemCaller(d.ID))
	for _, id := range e.ShopIDs {
		ctx := grains.WithCommand(ctx, grains.CommandID{ID: entrepot.DeriveID(d.ID, id)})
		_, err := a.Ask(ctx, shoppb.Kind, id, &shoppb.Assign{Id: d.ID, Remove: []string{e.UserID}})
		if err != nil && entrepot.CodeOf(err) != entrepot.CodeNotFound {
			return err
		}
	}
	return nil
}

// unrule removes the shipping rules of a shop that was given up, if it had own ones.
func unrule(ctx context.Context, a grains.Asker, d *events.Delivery) error {
	var e events.ShopDeleted
	if err := d.Decode(&e); err != nil {
		return events.Permanent(err)
	}
	ctx = entrepot.WithCaller(grains.WithTrace(ctx, d.TraceParent), entrepot.SystemCaller(d.ID))
	ctx = grains.WithCommand(ctx, grains.CommandID{ID: d.ID})
	_, err := a.Ask(ctx, shippingpb.Kind, shippingpb.ID(e.CompanyID, e.ShopID), &shippingpb.Remove{CompanyId: e.CompanyID, ShopId: e.ShopID})
	if entrepot.CodeOf(err) == entrepot.CodeNotFound {
		return nil
	}
	return err
}
