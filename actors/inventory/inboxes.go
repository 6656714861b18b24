// Package inventory holds the inventory service's reactions to events.
package inventory

import (
	"entrepot/actors"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/persistence"
)

// Inboxes returns the inboxes of the inventory service.
func Inboxes() []actors.Inbox {
	return []actors.Inbox{
		{
			Queue:   events.Queue{Name: "inventory.events", Bindings: []string{"inventory.updated"}},
			Consume: func(store persistence.Store, _ grains.Asker) events.Handler { return Ledger(store) },
			Linger:  actors.LingerRows,
		},
		{
			Queue: events.Queue{Name: "inventory.locations", Bindings: []string{
				"shop.created", "shop.updated", "shop.deleted", "company.deleted",
			}},
			Consume: func(store persistence.Store, a grains.Asker) events.Handler {
				return actors.Each(ShopLocations(a), CompanyDeleted(store, a))
			},
		},
	}
}
