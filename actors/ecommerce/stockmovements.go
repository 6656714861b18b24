package ecommerce

import (
	"context"
	"time"

	"entrepot/actors"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/persistence"
)

// movement is a stock movement with its index in the batch.
type movement struct {
	events.InventoryUpdated
	at int
}

// before returns the available quantity before the movement.
func (m *movement) before() int64 {
	onHand, reserved := m.Change()
	return m.Available - (onHand - reserved)
}

// restocks reports whether the item was out of stock before the movement and is available after.
func (m *movement) restocks() bool { return m.Available > 0 && m.before() <= 0 }

// reaction handles the movements of a batch and sets the results of the deliveries that failed.
type reaction func(ctx context.Context, batch []*events.Delivery, all []movement, results []error)

// StockMovements combines [BackInStock] and [StockLevels], and decodes each event once: no
// other event is as frequent.
func StockMovements(store persistence.Store, a grains.Asker, clock func() time.Time) events.Handler {
	return onMovements(backInStock(store, a), stockLevels(store, clock))
}

func onMovements(all ...reaction) events.Handler {
	return actors.On(func(ctx context.Context, batch []*events.Delivery) []error {
		results := make([]error, len(batch))
		movements := make([]movement, 0, len(batch))
		for i, d := range batch {
			m := movement{at: i}
			if err := d.Decode(&m); err != nil {
				results[i] = events.Permanent(err)
				continue
			}
			movements = append(movements, m)
		}
		for _, react := range all {
			react(ctx, batch, movements, results)
		}
		return results
	}, "inventory.updated")
}
