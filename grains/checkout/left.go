package checkout

import (
	"context"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/inventory/sourcing"
	"entrepot/grains/inventory/stock"
	"entrepot/grains/query"
)

// Left returns the number of pieces that the shop may promise, at all locations that
// its orders may come from. It is read as the platform, as ordering more reveals the
// number anyway.
func (s *Pricer) Left(ctx context.Context, l *Line) (sum int64, err error) {
	ctx = query.AsPlatform(ctx)
	from, err := grains.Ask(ctx, s.Asker, sourcing.Of(sourcing.ID(l.ShopID)), sourcing.Get{ShopID: l.ShopID})
	if err != nil {
		return 0, err
	}
	for _, at := range from.Locations {
		it, err := grains.Ask(ctx, s.Asker, stock.Of(stock.ID(l.Variant.ID, at.LocationID)), stock.Get{})
		switch {
		case entrepot.CodeOf(err) == entrepot.CodeNotFound:
		case err != nil:
			return 0, err
		default:
			sum += it.Promisable
		}
	}
	return sum, nil
}
