// Package sales holds the sales service's reactions to events.
package sales

import (
	"entrepot/actors"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/persistence"
)

// Inboxes returns the inboxes of the sales service.
func Inboxes() []actors.Inbox {
	return []actors.Inbox{{
		Queue:   events.Queue{Name: "order.events", Bindings: []string{"payment.success", "payment.failed"}},
		Consume: func(_ persistence.Store, a grains.Asker) events.Handler { return Payments(a) },
	}}
}
