package actors

import (
	"context"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/persistence"
)

// Owned is a kind of entity that ends together with its owner: a company, a user or a product.
type Owned struct {
	Collection *persistence.Collection
	Kind       string
	End        any // the command that ends an entity
}

// concurrentEnds bounds the entities that one event ends at the same time.
const concurrentEnds = 16

// OnCompanyDeleted returns a handler that ends all entities of a deleted company.
func OnCompanyDeleted(store persistence.Store, a grains.Asker, all ...Owned) events.Handler {
	return On(EachOf(func(ctx context.Context, d *events.Delivery) error {
		var e events.CompanyDeleted
		if err := d.Decode(&e); err != nil {
			return events.Permanent(err)
		}
		return EndAll(ctx, store, a, d, entrepot.InCompany(e.CompanyID), all...)
	}), "company.deleted")
}

// EndAll ends all entities of these kinds in the scope.
func EndAll(
	ctx context.Context, store persistence.Store, a grains.Asker, d *events.Delivery, scope entrepot.Scope,
	all ...Owned,
) error {
	for _, o := range all {
		if err := o.EndWhere(ctx, store, a, d, scope); err != nil {
			return err
		}
	}
	return nil
}

// EndWhere ends the entities in the scope that fulfil all conditions, page by page. Entities that
// an earlier delivery has ended return not found, which counts as success.
func (o Owned) EndWhere(
	ctx context.Context, store persistence.Store, a grains.Asker, d *events.Delivery, scope entrepot.Scope,
	where ...persistence.Cond,
) error {
	ctx = AsSystem(ctx, d)
	for q := (persistence.Query{Limit: 100, Where: where}); ; {
		docs, next, err := store.Find(ctx, o.Collection, scope, q)
		if err != nil {
			return err
		}
		err = FanOut(ctx, concurrentEnds, docs, func(ctx context.Context, doc persistence.Document) error {
			_, err := a.Ask(ctx, grains.Ref{Kind: o.Kind, ID: doc.ID}, o.End, grains.As(entrepot.DeriveID(d.ID, doc.ID)))
			if entrepot.CodeOf(err) == entrepot.CodeNotFound {
				return nil
			}
			return err
		})
		if err != nil {
			return err
		}
		if q.Cursor = next; next == "" {
			return nil
		}
	}
}
