package actors

import (
	"context"
	"errors"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/persistence"
)

// KeepEnvelopes returns a handler that inserts each event's envelope as a row whose _id is the
// event's id. fields returns the values of the collection's fields.
func KeepEnvelopes(
	store persistence.Store, c *persistence.Collection, fields func(*events.Envelope) []any,
) events.Handler {
	return Insert(store, c, func(d *events.Delivery) (*persistence.Document, error) {
		state, err := store.FromJSON(d.Body)
		return &persistence.Document{
			CompanyID: d.CompanyID, ShopID: d.ShopID, Fields: fields(&d.Envelope), State: state,
		}, err
	})
}

// Insert returns a handler that inserts the row that row makes of each event; nil means none. The
// row gets the event's time and sequence and, unless row has set an id, the event's id. A row that
// exists already comes from an earlier delivery, or from another event with the same row id.
// An error of row is permanent: the event cannot be read.
func Insert(
	store persistence.Store, c *persistence.Collection, row func(*events.Delivery) (*persistence.Document, error),
) events.Handler {
	return func(ctx context.Context, batch []*events.Delivery) []error {
		results := make([]error, len(batch))
		writes := make([]persistence.Write, 0, len(batch))
		at := make([]int, 0, len(batch))
		seen := map[entrepot.ID]bool{} // ids set by row: the documents of one commit must differ
		for i, d := range batch {
			doc, err := row(d)
			if err != nil {
				results[i] = events.Permanent(err)
			}
			if err != nil || doc == nil || seen[doc.ID] {
				continue
			}
			if doc.ID == "" {
				doc.ID = d.ID
			} else {
				seen[doc.ID] = true
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
			if !Exists(err) {
				results[at[j]] = err
			}
		}
		return results
	}
}

// Exists reports whether an insert failed because its row exists.
func Exists(err error) bool { return errors.Is(err, persistence.ErrStale) }

// DropRows clears the rows of a scope that fulfil the conditions: their state, fields and owner
// are emptied at once, and the waker removes them. before, if set, is called with each page of
// rows first. When it or a write fails, the rows that are left are the work of the next delivery.
func DropRows(
	ctx context.Context, store persistence.Store, c *persistence.Collection, scope entrepot.Scope,
	where []persistence.Cond, at time.Time, before func([]persistence.Document) error,
) error {
	empty, err := store.Marshal(&struct{}{})
	if err != nil {
		return err
	}
	for {
		docs, _, err := store.Find(ctx, c, scope, persistence.Query{Limit: 100, Where: where})
		if err != nil || len(docs) == 0 {
			return err
		}
		if before != nil {
			if err := before(docs); err != nil {
				return err
			}
		}
		writes := make([]persistence.Write, len(docs))
		for i := range docs {
			writes[i] = persistence.Write{Collection: c, Doc: persistence.Document{
				ID: docs[i].ID, Version: docs[i].Version + 1, CreatedAt: docs[i].CreatedAt, UpdatedAt: at,
				WakeAt: at, State: empty, Fields: make([]any, len(c.Fields)),
			}}
		}
		for _, err := range store.Commit(ctx, writes) {
			if err != nil {
				return err
			}
		}
	}
}
