// Package audit holds the audit service's reaction to events: it records all of them.
package audit

import (
	"entrepot/actors"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/persistence"
)

// Inboxes returns the inboxes of the audit service.
func Inboxes() []actors.Inbox {
	return []actors.Inbox{{
		Queue:   events.Queue{Name: "audit.events", Bindings: []string{"#"}},
		Consume: func(store persistence.Store, _ grains.Asker) events.Handler { return Record(store) },
		Linger:  actors.LingerRows,
	}}
}
