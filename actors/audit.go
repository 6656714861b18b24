package actors

import (
	"context"

	"entrepot/events"
	"entrepot/persistence"
)

// AuditLogs is the audit trail in auditdb: every event of every service, as its
// envelope. The _id is the event's, createdAt is when it occurred.
var AuditLogs = &persistence.Collection{
	Name: "auditLogs",
	Fields: []persistence.Field{
		{Name: "userId", Type: persistence.String},
		{Name: "action", Type: persistence.String},
		{Name: "resource", Type: persistence.String},
		{Name: "resourceId", Type: persistence.String},
	},
	Indexes: [][]string{
		// By company and time is every collection's own index.
		{"userId", persistence.CreatedAt}, {"resource", "resourceId", persistence.CreatedAt}, {persistence.CreatedAt},
	},
}

// Audit records every event it is given.
func Audit(store persistence.Store) events.Handler {
	return keep(store, AuditLogs, func(e *events.Envelope) []any {
		return []any{e.Actor.UserID, e.Type, e.Aggregate.Kind, e.Aggregate.ID}
	})
}

// keep inserts envelopes as documents. One that is there already was delivered before.
func keep(store persistence.Store, c *persistence.Collection, fields func(*events.Envelope) []any) events.Handler {
	return func(ctx context.Context, batch []*events.Delivery) []error {
		results := make([]error, len(batch))
		writes := make([]persistence.Write, 0, len(batch))
		at := make([]int, 0, len(batch))
		for i, d := range batch {
			state, err := store.Marshal(&d.Envelope)
			if err != nil {
				results[i] = events.Permanent(err)
				continue
			}
			at = append(at, i)
			writes = append(writes, persistence.Write{Collection: c, Doc: persistence.Document{
				ID: d.ID, Version: 1, CompanyID: d.CompanyID, ShopID: d.ShopID, CreatedAt: d.OccurredAt, UpdatedAt: d.OccurredAt,
				Sequence: d.Aggregate.Sequence, Fields: fields(&d.Envelope), State: state,
			}})
		}
		for j, err := range store.Commit(ctx, writes) {
			if err != nil && !isThere(err) {
				results[at[j]] = err
			}
		}
		return results
	}
}
