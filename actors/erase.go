package actors

import (
	"context"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/apikey"
	"entrepot/grains/apikey/apikeypb"
	"entrepot/grains/categories"
	"entrepot/grains/categories/categoriespb"
	"entrepot/grains/product"
	"entrepot/grains/product/productpb"
	"entrepot/grains/review"
	"entrepot/grains/review/reviewpb"
	"entrepot/grains/shop"
	"entrepot/grains/shop/shoppb"
	"entrepot/grains/user"
	"entrepot/grains/user/userpb"
	"entrepot/persistence"

	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"
)

// belongings are entities of a company that end with it.
type belongings struct {
	in   *persistence.Collection
	kind string
	end  func() proto.Message
}

// What a service ends when a company is erased. Orders, payments and the audit
// log stay: books are kept for as long as the law says.
var (
	people   = belongings{user.Collection, userpb.Kind, func() proto.Message { return &userpb.Erase{} }}
	apiKeys  = belongings{apikey.Collection, apikeypb.Kind, func() proto.Message { return &apikeypb.Revoke{} }}
	itsShops = belongings{shop.Collection, shoppb.Kind, func() proto.Message { return &shoppb.Delete{} }}
	trees    = belongings{categories.Collection, categoriespb.Kind, func() proto.Message { return &categoriespb.Clear{} }}
	goods    = belongings{product.Collection, productpb.Kind, func() proto.Message { return &productpb.Delete{} }}
	verdicts = belongings{review.Collection, reviewpb.Kind, func() proto.Message { return &reviewpb.Delete{} }}
)

// Accounts ends the accounts and keys of an erased company.
func Accounts(store persistence.Store, a grains.Asker) events.Handler {
	return onCompanyDeleted(store, a, people, apiKeys)
}

// Catalogue ends the products and categories of an erased company, and what was
// said of them.
func Catalogue(store persistence.Store, a grains.Asker) events.Handler {
	return onCompanyDeleted(store, a, goods, trees, verdicts)
}

func onCompanyDeleted(store persistence.Store, a grains.Asker, all ...belongings) events.Handler {
	return func(ctx context.Context, batch []*events.Delivery) []error {
		results := make([]error, len(batch))
		for i, d := range batch {
			if d.Type == "company.deleted" {
				results[i] = end(ctx, store, a, d, all...)
			}
		}
		return results
	}
}

// ends is how many entities are ended side by side.
const ends = 16

// end ends everything of the company.
func end(ctx context.Context, store persistence.Store, a grains.Asker, d *events.Delivery, all ...belongings) error {
	var e events.CompanyDeleted
	if err := d.Decode(&e); err != nil {
		return events.Permanent(err)
	}
	return endAll(ctx, store, a, d, entrepot.InCompany(e.CompanyID), all...)
}

// endAll ends everything in the scope, page by page. What has ended already, in an
// earlier delivery, does not know the command any more.
func endAll(ctx context.Context, store persistence.Store, a grains.Asker, d *events.Delivery, scope entrepot.Scope, all ...belongings) error {
	ctx = entrepot.WithCaller(grains.WithTrace(ctx, d.TraceParent), entrepot.SystemCaller(d.ID))
	for _, b := range all {
		for q := (persistence.Query{Limit: 100}); ; {
			docs, next, err := store.Find(ctx, b.in, scope, q)
			if err != nil {
				return err
			}
			g, asking := errgroup.WithContext(ctx)
			g.SetLimit(ends)
			for i := range docs {
				id := docs[i].ID
				g.Go(func() error {
					_, err := a.Ask(grains.WithCommand(asking, grains.CommandID{ID: entrepot.DeriveID(d.ID, id)}), b.kind, id, b.end())
					if entrepot.CodeOf(err) == entrepot.CodeNotFound {
						return nil
					}
					return err
				})
			}
			if err := g.Wait(); err != nil {
				return err
			}
			if q.Cursor = next; next == "" {
				break
			}
		}
	}
	return nil
}
