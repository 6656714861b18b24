// Package shop holds the shop service's reactions to events.
package shop

import (
	"entrepot/actors"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/persistence"
)

// Inboxes returns the inboxes of the shop service.
func Inboxes() []actors.Inbox {
	return []actors.Inbox{{
		Queue: events.Queue{Name: "shop.events", Bindings: []string{
			"order.*", "payment.success", "payment.refunded", "user.deleted", "shop.deleted", "company.deleted",
		}},
		Consume: func(store persistence.Store, a grains.Asker) events.Handler {
			return actors.Each(
				Sales(store),
				UserDeleted(a),
				ShopDeleted(a),
				CompanyDeleted(store, a),
			)
		},
		Linger: actors.LingerRows,
	}}
}
