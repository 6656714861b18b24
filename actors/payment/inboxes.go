// Package payment holds the payment service's reactions to events.
package payment

import (
	"entrepot/actors"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/persistence"
)

// Inboxes returns the inboxes of the payment service.
func Inboxes() []actors.Inbox {
	return []actors.Inbox{{
		Queue:   events.Queue{Name: "payment.events", Bindings: []string{"order.created"}},
		Consume: func(_ persistence.Store, a grains.Asker) events.Handler { return Orders(a) },
	}}
}
