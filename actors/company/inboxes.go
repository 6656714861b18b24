// Package company holds the company service's reactions to events.
package company

import (
	"entrepot/actors"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/company/companystats"
	"entrepot/persistence"
)

// Inboxes returns the inboxes of the company service. A batch holds at most as many events as
// a company's figures remember by id, so a repeated batch is recognised.
func Inboxes() []actors.Inbox {
	return []actors.Inbox{{
		Queue:   events.Queue{Name: "company.events", Bindings: companystats.Bindings},
		Consume: func(_ persistence.Store, a grains.Asker) events.Handler { return Stats(a) },
		Linger:  actors.LingerRows, Batch: companystats.Remembered,
	}}
}
