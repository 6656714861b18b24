package checkout

import (
	"context"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/sourcing/sourcingpb"
	"entrepot/grains/stock/stockpb"
)

// Left is how many pieces the shop may promise, at all locations that its orders
// may come from. How many is no secret: ordering more tells it anyway.
func (s *Pricer) Left(ctx context.Context, l *Line) (sum int64, err error) {
	ctx = entrepot.WithCaller(ctx, entrepot.SystemCaller("cart summary"))
	from, err := grains.Ask[*sourcingpb.Sourcing](ctx, s.Asker, sourcingpb.Kind, sourcingpb.ID(l.ShopID), &sourcingpb.Get{ShopId: l.ShopID})
	if err != nil {
		return 0, err
	}
	for _, at := range from.GetLocations() {
		it, err := grains.Ask[*stockpb.Item](ctx, s.Asker, stockpb.Kind, stockpb.ID(l.Variant.Id, at.GetLocationId()), &stockpb.Get{})
		if err != nil && entrepot.CodeOf(err) != entrepot.CodeNotFound {
			return 0, err
		}
		sum += it.GetPromisable()
	}
	return sum, nil
}
