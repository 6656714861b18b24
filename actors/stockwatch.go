package actors

import (
	"context"
	"fmt"
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/stockwatch"
	"entrepot/grains/stockwatch/stockwatchpb"
	"entrepot/persistence"

	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"
)

// movement is a stock movement, at its place in the batch.
type movement struct {
	events.InventoryUpdated
	at int
}

// before is what could be sold before the movement.
func (m *movement) before() int64 {
	onHand, reserved := m.Change()
	return m.Available - (onHand - reserved)
}

// crosses reports whether there was nothing before the movement and is after it.
func (m *movement) crosses() bool { return m.Available > 0 && m.before() <= 0 }

// reaction is to the movements of a batch; it notes which deliveries failed.
type reaction func(ctx context.Context, batch []*events.Delivery, all []movement, results []error)

// Moved is all that the e-commerce service does about stock: [BackInStock] and
// [Stocked]. There is no event of which there are more, so each is decoded once.
func Moved(store persistence.Store, a grains.Asker, clock func() time.Time) events.Handler {
	return onMovements(backInStock(store, a), stocked(store, clock))
}

func onMovements(all ...reaction) events.Handler {
	return On(func(ctx context.Context, batch []*events.Delivery) []error {
		results := make([]error, len(batch))
		moved := make([]movement, 0, len(batch))
		for i, d := range batch {
			m := movement{at: i}
			if err := d.Decode(&m); err != nil {
				results[i] = events.Permanent(err)
				continue
			}
			moved = append(moved, m)
		}
		for _, react := range all {
			react(ctx, batch, moved, results)
		}
		return results
	}, "inventory.updated")
}

// BackInStock tells those who wait for a variant that it is in stock again. Stock
// moves more than anything else, and mostly nobody waits: a movement that brings
// nothing back costs its decoding, and those of a batch that do cost one
// question to an index of the waiting alone. Nothing is kept in between, so that
// nobody who began to wait a moment ago is missed.
func BackInStock(store persistence.Store, a grains.Asker) events.Handler {
	return onMovements(backInStock(store, a))
}

func backInStock(store persistence.Store, a grains.Asker) reaction {
	return func(ctx context.Context, batch []*events.Delivery, all []movement, results []error) {
		arrived := map[entrepot.ID][]movement{}
		var variants []any
		for _, m := range all {
			if !m.crosses() {
				continue
			}
			if arrived[m.VariantID] == nil {
				variants = append(variants, m.VariantID)
			}
			arrived[m.VariantID] = append(arrived[m.VariantID], m)
		}
		for some := range slices.Chunk(variants, 100) {
			if err := tellWaiting(ctx, store, a, batch, some, arrived, results); err != nil {
				for _, v := range some {
					for _, m := range arrived[v.(entrepot.ID)] { //nolint:forcetypeassert // put there above
						results[m.at] = err
					}
				}
			}
		}
	}
}

// NoMoreWaiting ends the waiting for what a deleted product was sold as: it will
// not be in stock again.
func NoMoreWaiting(store persistence.Store, a grains.Asker) events.Handler {
	waiting := belongings{in: stockwatch.Collection, kind: stockwatchpb.Kind, end: func() proto.Message { return &stockwatchpb.Erase{} }}
	return On(func(ctx context.Context, batch []*events.Delivery) []error {
		results := make([]error, len(batch))
		for i, d := range batch {
			var e events.ProductDeleted
			if err := d.Decode(&e); err != nil || e.ProductID == "" {
				results[i] = events.Permanent(fmt.Errorf("a deleted product without an id: %w", err))
				continue
			}
			variants := []any{e.ProductID}
			for _, v := range e.Variants {
				variants = append(variants, v.VariantID)
			}
			for some := range slices.Chunk(variants, 100) {
				where := []persistence.Cond{{Field: "watched", Op: persistence.In, Values: some}}
				if results[i] = endWhere(ctx, store, a, d, entrepot.AllTenants(), waiting, where); results[i] != nil {
					break
				}
			}
		}
		return results
	}, "product.deleted")
}

// tellWaiting tells everybody who waits for one of the variants. Who was told does
// not wait any more, so a delivery that ends in between goes on where it was.
func tellWaiting(ctx context.Context, store persistence.Store, a grains.Asker, batch []*events.Delivery, variants []any, arrived map[entrepot.ID][]movement, results []error) error {
	q := persistence.Query{Limit: 100, Where: []persistence.Cond{{Field: "watched", Op: persistence.In, Values: variants}}}
	for {
		docs, next, err := store.Find(ctx, stockwatch.Collection, entrepot.AllTenants(), q)
		if err != nil {
			return err
		}
		missed := make([]untold, len(docs))
		var g errgroup.Group
		g.SetLimit(ends)
		for i := range docs {
			var s stockwatch.State
			if err := store.Unmarshal(docs[i].State, &s); err != nil {
				return err
			}
			g.Go(func() error {
				missed[i] = tell(ctx, a, &s, batch, arrived[s.VariantID])
				return nil
			})
		}
		_ = g.Wait() // the errors are in missed
		for _, u := range missed {
			if u.err != nil {
				results[u.at] = u.err
			}
		}
		if q.Cursor = next; next == "" {
			return nil
		}
	}
}

// untold is an arrival that could not be told.
type untold struct {
	at  int
	err error
}

// tell tells a watch of the arrivals where it is wanted, until one ends it.
func tell(ctx context.Context, a grains.Asker, s *stockwatch.State, batch []*events.Delivery, arrivals []movement) untold {
	for _, m := range arrivals {
		if s.ShopID != "" && s.ShopID != m.LocationID {
			continue
		}
		d := batch[m.at]
		ctx := entrepot.WithCaller(grains.WithTrace(ctx, d.TraceParent), entrepot.SystemCaller(d.ID))
		ctx = grains.WithCommand(ctx, grains.CommandID{ID: entrepot.DeriveID(d.ID, s.ID)})
		v, err := grains.Ask[*stockwatchpb.StockWatch](ctx, a, stockwatchpb.Kind, s.ID, &stockwatchpb.Arrived{
			ItemId: m.ItemID, LocationId: m.LocationID, Movement: m.Movement, Available: m.Available,
		})
		if err != nil {
			return untold{m.at, err}
		}
		if v.Status != stockwatch.Waiting {
			break
		}
	}
	return untold{}
}
