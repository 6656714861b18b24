package ecommerce

import (
	"context"
	"slices"

	"entrepot"
	"entrepot/actors"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/ecommerce/stockwatch"
	"entrepot/persistence"
)

// BackInStock notifies the watches of a variant that is available again. Most movements restock
// nothing and cost only their decoding; the others of a batch cost one query of the watches'
// index. Nothing is cached between batches, so a watch created a moment ago is notified too.
func BackInStock(store persistence.Store, a grains.Asker) events.Handler {
	return onMovements(backInStock(store, a))
}

func backInStock(store persistence.Store, a grains.Asker) reaction {
	return func(ctx context.Context, batch []*events.Delivery, all []movement, results []error) {
		arrivals := map[entrepot.ID][]movement{} // by variant
		var variants []any
		for _, m := range all {
			if !m.restocks() {
				continue
			}
			if arrivals[m.VariantID] == nil {
				variants = append(variants, m.VariantID)
			}
			arrivals[m.VariantID] = append(arrivals[m.VariantID], m)
		}
		for some := range slices.Chunk(variants, 100) {
			if err := notifyWatches(ctx, store, a, batch, some, arrivals, results); err != nil {
				for _, v := range some {
					for _, m := range arrivals[v.(entrepot.ID)] { //nolint:forcetypeassert // put there above
						results[m.at] = err
					}
				}
			}
		}
	}
}

// concurrentNotices bounds the watches that are notified at the same time.
const concurrentNotices = 16

// notifyWatches notifies all watches of the variants. A notified watch is no longer waiting, so
// a delivery that repeats after a failure continues with the remaining ones.
func notifyWatches(
	ctx context.Context, store persistence.Store, a grains.Asker, batch []*events.Delivery, variants []any,
	arrivals map[entrepot.ID][]movement, results []error,
) error {
	q := persistence.Query{Limit: 100, Where: []persistence.Cond{{Field: "watched", Op: persistence.In, Values: variants}}}
	for {
		docs, next, err := store.Find(ctx, stockwatch.Collection, entrepot.AllTenants(), q)
		if err != nil {
			return err
		}
		notices := make([]*notice, len(docs))
		for i := range docs {
			notices[i] = &notice{}
			if err := store.Unmarshal(docs[i].State, &notices[i].watch); err != nil {
				return err
			}
		}
		_ = actors.FanOut(ctx, concurrentNotices, notices, func(ctx context.Context, n *notice) error {
			n.at, n.err = notifyWatch(ctx, a, &n.watch, batch, arrivals[n.watch.VariantID])
			return nil // the error stays with its notice
		})
		for _, n := range notices {
			if n.err != nil {
				results[n.at] = n.err
			}
		}
		if q.Cursor = next; next == "" {
			return nil
		}
	}
}

// notice is the notification of one watch, with the delivery at which it failed.
type notice struct {
	watch stockwatch.StockWatch
	at    int
	err   error
}

// notifyWatch sends a watch the arrivals in its shop until it stops waiting. On failure it
// returns the index of the arrival's delivery with the error.
func notifyWatch(
	ctx context.Context, a grains.Asker, w *stockwatch.StockWatch, batch []*events.Delivery, arrivals []movement,
) (at int, err error) {
	for _, m := range arrivals {
		if w.ShopID != "" && w.ShopID != m.LocationID {
			continue
		}
		d := batch[m.at]
		v, err := grains.Ask(actors.AsSystem(ctx, d), a, stockwatch.Of(w.ID), stockwatch.Arrived{
			ItemID: m.ItemID, LocationID: m.LocationID, Movement: m.Movement, Available: m.Available,
		}, grains.As(entrepot.DeriveID(d.ID, w.ID)))
		if err != nil {
			return m.at, err
		}
		if v.Status != stockwatch.Waiting {
			break
		}
	}
	return 0, nil
}

// DeletedProductWatches erases the watches of a deleted product and its variants, which will
// not be in stock again.
func DeletedProductWatches(store persistence.Store, a grains.Asker) events.Handler {
	return actors.On(actors.EachOf(func(ctx context.Context, d *events.Delivery) error {
		var e events.ProductDeleted
		if err := d.Decode(&e); err != nil || e.ProductID == "" {
			return actors.Malformed(d, err, "productId")
		}
		variants := []any{e.ProductID}
		for _, v := range e.Variants {
			variants = append(variants, v.VariantID)
		}
		for some := range slices.Chunk(variants, 100) {
			watched := persistence.Cond{Field: "watched", Op: persistence.In, Values: some}
			if err := watches.EndWhere(ctx, store, a, d, entrepot.AllTenants(), watched); err != nil {
				return err
			}
		}
		return nil
	}), "product.deleted")
}
