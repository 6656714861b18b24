// Package ecommerce holds the e-commerce service's reactions to events, and the feed that keeps
// its search index current.
package ecommerce

import (
	"time"

	"entrepot/actors"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/persistence"
)

// lingerLearning is the Linger of recommendations: their weights change by decay anyway.
const lingerLearning = 4 * time.Second

// Inboxes returns the inboxes of the e-commerce service that work through commands and rows.
// Stock movements and recommendations have their own, since there are more of these events than
// of all others.
func Inboxes() []actors.Inbox {
	return []actors.Inbox{
		{
			Queue: events.Queue{Name: "product.events", Bindings: []string{
				"company.deleted", "user.deleted", "product.deleted", "review.*", "wishlist.item_added",
				"order.confirmed", "order.cancelled",
			}},
			Consume: func(store persistence.Store, a grains.Asker) events.Handler {
				return actors.Each(
					CompanyDeleted(store, a),
					CustomerDeleted(store, a),
					Purchases(store, time.Now),
					Ratings(store, a),
					Votes(store, a),
					DeletedProductWatches(store, a),
					Wishes(store, a),
				)
			},
			Linger: actors.LingerRows,
		},
		{
			Queue: events.Queue{Name: "product.stock", Bindings: []string{"inventory.updated"}},
			Consume: func(store persistence.Store, a grains.Asker) events.Handler {
				return StockMovements(store, a, time.Now)
			},
			Linger: actors.LingerRows,
		},
		{
			Queue: events.Queue{Name: "product.learning", Bindings: []string{
				"order.created", "product.viewed", "wishlist.item_added", "wishlist.item_removed",
				"user.deleted", "company.deleted",
			}},
			Consume: Recommendations, Linger: lingerLearning,
		},
	}
}
