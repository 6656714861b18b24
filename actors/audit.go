package actors

import (
	"context"

	"entrepot"
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
	return insert(store, c, func(d *events.Delivery) (*persistence.Document, error) {
		state, err := store.FromJSON(d.Body)
		return &persistence.Document{CompanyID: d.CompanyID, ShopID: d.ShopID, Fields: fields(&d.Envelope), State: state}, err
	})
}

// insert writes a row for every event that row makes one of, with the event's time
// and, if row gives it none, its id. One that is there already was delivered
// before, or made of another event. An error of row is permanent: the event cannot
// be read.
func insert(store persistence.Store, c *persistence.Collection, row func(*events.Delivery) (*persistence.Document, error)) events.Handler {
	return func(ctx context.Context, batch []*events.Delivery) []error {
		results := make([]error, len(batch))
		writes := make([]persistence.Write, 0, len(batch))
		at := make([]int, 0, len(batch))
		own := map[entrepot.ID]bool{} // ids that row gave: a batch is of different documents
		for i, d := range batch {
			doc, err := row(d)
			if err != nil {
				results[i] = events.Permanent(err)
			}
			if err != nil || doc == nil || own[doc.ID] {
				continue
			}
			if doc.ID == "" {
				doc.ID = d.ID
			} else {
				own[doc.ID] = true
			}
			doc.Version, doc.Sequence = 1, d.Aggregate.Sequence
			doc.CreatedAt, doc.UpdatedAt = d.OccurredAt, d.OccurredAt
			at = append(at, i)
			writes = append(writes, persistence.Write{Collection: c, Doc: *doc})
		}
		if len(writes) == 0 {
			return results
		}
		for j, err := range store.Commit(ctx, writes) {
			if err != nil && !isThere(err) {
				results[at[j]] = err
			}
		}
		return results
	}
}
