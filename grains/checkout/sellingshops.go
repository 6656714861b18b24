package checkout

import (
	"context"
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/query"
)

// SellingShops caches for a second whether a shop takes orders, so that a popular shop
// is not queried with every order. While the shop service is unavailable, its last
// reply is used.
type SellingShops struct{ known query.ReplyCache[bool] }

// SellingShopAge is the time for which a reply about a shop is fresh.
const SellingShopAge = time.Second

// Init sets the clock.
func (s *SellingShops) Init(now func() time.Time) { s.known.Init(now, SellingShopAge) }

// Sells reports whether the shop takes orders.
func (s *SellingShops) Sells(ctx context.Context, a grains.Asker, id entrepot.ID) (bool, error) {
	asked := s.known.Now()
	is, known, fresh := s.known.Get(id)
	if fresh {
		return is, nil
	}
	v, err := query.Shop(ctx, a, id)
	switch {
	case entrepot.CodeOf(err) == entrepot.CodeNotFound:
	case err != nil && known:
		return is, nil
	case err != nil:
		return false, err
	}
	is = err == nil && v.IsActive
	s.known.Put(id, is, asked)
	return is, nil
}

// pick returns the shop that sells a product: the wanted one, or else the first of the
// product's shops that takes orders.
func (s *SellingShops) pick(
	ctx context.Context, a grains.Asker, where string, wanted entrepot.ID, shops []entrepot.ID,
) (entrepot.ID, error) {
	if wanted != "" {
		shops = []entrepot.ID{wanted}
	}
	for _, id := range shops {
		if is, err := s.Sells(ctx, a, id); is || err != nil {
			return id, err
		}
	}
	e := entrepot.Invalid(where+"shopId", "shop_inactive", "the shop takes no orders")
	e.Code = entrepot.CodeConflict
	return "", e
}
