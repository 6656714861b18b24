package audit

import (
	"entrepot/actors"
	"entrepot/events"
	"entrepot/persistence"
)

// Logs is the audit trail: a row per event of every service, with the event's envelope as its
// state. The _id is the event's id, createdAt the time at which it occurred.
var Logs = &persistence.Collection{
	Name: "auditLogs",
	Fields: []persistence.Field{
		{Name: "userId", Type: persistence.String},
		{Name: "action", Type: persistence.String},
		{Name: "resource", Type: persistence.String},
		{Name: "resourceId", Type: persistence.String},
	},
	// The store adds the index by company and time to every collection.
	Indexes: [][]string{
		{"userId", persistence.CreatedAt}, {"resource", "resourceId", persistence.CreatedAt}, {persistence.CreatedAt},
	},
}

// Record writes every event to [Logs].
func Record(store persistence.Store) events.Handler {
	return actors.KeepEnvelopes(store, Logs, func(e *events.Envelope) []any {
		return []any{e.Actor.UserID, e.Type, e.Aggregate.Kind, e.Aggregate.ID}
	})
}
