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
	"entrepot/grains/promotion"
	"entrepot/grains/promotion/promotionpb"
	"entrepot/grains/review"
	"entrepot/grains/review/reviewpb"
	"entrepot/grains/shipping"
	"entrepot/grains/shipping/shippingpb"
	"entrepot/grains/shop"
	"entrepot/grains/shop/shoppb"
	"entrepot/grains/supplier"
	"entrepot/grains/supplier/supplierpb"
	"entrepot/grains/user"
	"entrepot/grains/user/userpb"
	"entrepot/grains/warehouse"
	"entrepot/grains/warehouse/warehousepb"
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
	people   = belongings{in: user.Collection, kind: userpb.Kind, end: func() proto.Message { return &userpb.Erase{} }}
	apiKeys  = belongings{in: apikey.Collection, kind: apikeypb.Kind, end: func() proto.Message { return &apikeypb.Revoke{} }}
	itsShops = belongings{in: shop.Collection, kind: shoppb.Kind, end: func() proto.Message { return &shoppb.Delete{} }}
	itsRates = belongings{in: shipping.Collection, kind: shippingpb.Kind, end: func() proto.Message { return &shippingpb.Remove{} }}
	trees    = belongings{in: categories.Collection, kind: categoriespb.Kind, end: func() proto.Message { return &categoriespb.Clear{} }}
	goods    = belongings{in: product.Collection, kind: productpb.Kind, end: func() proto.Message { return &productpb.Delete{} }}
	verdicts = belongings{in: review.Collection, kind: reviewpb.Kind, end: func() proto.Message { return &reviewpb.Delete{} }}
	codes    = belongings{in: promotion.Collection, kind: promotionpb.Kind, end: func() proto.Message { return &promotionpb.Delete{} }}
	vendors  = belongings{in: supplier.Collection, kind: supplierpb.Kind, end: func() proto.Message { return &supplierpb.Delete{} }}
	depots   = belongings{in: warehouse.Collection, kind: warehousepb.Kind, end: func() proto.Message { return &warehousepb.Delete{} }}
)

// Accounts ends the accounts and keys of an erased company.
func Accounts(store persistence.Store, a grains.Asker) events.Handler {
	return onCompanyDeleted(store, a, people, apiKeys)
}

// Catalogue ends the products, categories and promo codes of an erased company,
// and what was said of them.
func Catalogue(store persistence.Store, a grains.Asker) events.Handler {
	return onCompanyDeleted(store, a, goods, trees, verdicts, codes)
}

// Logistics ends the suppliers and warehouses of an erased company. What lay
// there, and what was bought, stays on record.
func Logistics(store persistence.Store, a grains.Asker) events.Handler {
	return onCompanyDeleted(store, a, vendors, depots)
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
	for _, b := range all {
		if err := endWhere(ctx, store, a, d, scope, b, nil); err != nil {
			return err
		}
	}
	return nil
}

// endWhere ends those of the belongings in the scope that the conditions name.
func endWhere(ctx context.Context, store persistence.Store, a grains.Asker, d *events.Delivery, scope entrepot.Scope, b belongings, where []persistence.Cond) error {
	ctx = entrepot.WithCaller(grains.WithTrace(ctx, d.TraceParent), entrepot.SystemCaller(d.ID))
	for q := (persistence.Query{Limit: 100, Where: where}); ; {
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
			return nil
		}
	}
}
