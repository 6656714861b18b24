package api

import (
	"context"
	"sync"
	"time"

	"entrepot"
	"entrepot/grains"
)

// sellingShops knows which shops take orders, for a second each: so a shop that
// is deactivated or deleted takes none from then on, and a popular one is not
// asked with every order. While the shop service does not answer, what it said
// last holds.
type sellingShops struct {
	now  func() time.Time
	mu   sync.RWMutex
	byID map[entrepot.ID]sellingShop
}

type sellingShop struct {
	sells bool
	until time.Time
}

const (
	sellingShopAge = time.Second
	sellingShopCap = 10_000
)

func (s *sellingShops) init(now func() time.Time) { s.now, s.byID = now, map[entrepot.ID]sellingShop{} }

// sells reports whether the shop takes orders.
func (s *sellingShops) sells(ctx context.Context, a grains.Asker, id entrepot.ID) (bool, error) {
	now := s.now()
	s.mu.RLock()
	known, ok := s.byID[id]
	s.mu.RUnlock()
	if ok && now.Before(known.until) {
		return known.sells, nil
	}
	v, err := askShop(ctx, a, id)
	switch {
	case entrepot.CodeOf(err) == entrepot.CodeNotFound:
	case err != nil && ok:
		return known.sells, nil
	case err != nil:
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.byID) >= sellingShopCap {
		clear(s.byID)
	}
	is := err == nil && v.IsActive
	s.byID[id] = sellingShop{is, now.Add(sellingShopAge)}
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
