package api

import (
	"context"
	"time"

	"entrepot"
	"entrepot/grains"
)

// sellingShops knows which shops take orders, for a second each: so a shop that
// is deactivated or deleted takes none from then on, and a popular one is not
// asked with every order. While the shop service does not answer, what it said
// last holds.
type sellingShops struct{ known briefly[bool] }

const sellingShopAge = time.Second

func (s *sellingShops) init(now func() time.Time) { s.known.init(now, sellingShopAge) }

// sells reports whether the shop takes orders.
func (s *sellingShops) sells(ctx context.Context, a grains.Asker, id entrepot.ID) (bool, error) {
	asked := s.known.now()
	is, known, fresh := s.known.get(id)
	if fresh {
		return is, nil
	}
	v, err := askShop(ctx, a, id)
	switch {
	case entrepot.CodeOf(err) == entrepot.CodeNotFound:
	case err != nil && known:
		return is, nil
	case err != nil:
		return false, err
	}
	is = err == nil && v.IsActive
	s.known.put(id, is, asked)
	return is, nil
}

// pick is the shop that sells a product: the wanted one, or else the first of
// the product's that takes orders.
func (s *sellingShops) pick(ctx context.Context, a grains.Asker, where string, wanted entrepot.ID, shops []entrepot.ID) (entrepot.ID, error) {
	if wanted != "" {
		shops = []entrepot.ID{wanted}
	}
	for _, id := range shops {
		if is, err := s.sells(ctx, a, id); is || err != nil {
			return id, err
		}
	}
	e := entrepot.Invalid(where+"shopId", "shop_inactive", "the shop takes no orders")
	e.Code = entrepot.CodeConflict
	return "", e
}
