package actors

import (
	"context"
	"time"

	"entrepot"
	"entrepot/persistence"
)

// dropRows empties the rows of a scope that fulfil the conditions, takes the owner
// off, and lets the waker remove them at once. before, if any, is done with each
// hundred of them first: whatever fails, the rows that are left are what is to do.
func dropRows(
	ctx context.Context, store persistence.Store, c *persistence.Collection, scope entrepot.Scope, where []persistence.Cond, at time.Time,
	before func([]persistence.Document) error,
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
