package ecommerce

import (
	"context"
	"net/http"
	"path"
	"slices"
	"sync/atomic"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/ecommerce/product"
	"entrepot/grains/ecommerce/stockwatch"
	"entrepot/grains/inventory/stock"
	"entrepot/grains/query"
	"entrepot/http/rest"
	"entrepot/persistence"
)

// stockWatchRoutes returns the routes of back-in-stock notifications.
func stockWatchRoutes(d Deps) rest.Routes {
	s := &stockWatchAPI{d}
	own := rest.Only(entrepot.Customer)
	return rest.Routes{Service: "products", List: []rest.Route{
		rest.Bind(rest.Route{
			ID: "notify-me", Method: http.MethodPost, Path: "/products/{id}/notify", Access: own,
			Status: http.StatusCreated, Summary: "Request back-in-stock notification",
			Doc: "Notifies once. 409 if the product is in stock now.",
		}, s.begin),
		rest.Bind(rest.Route{
			ID: "list-notifications", Method: http.MethodGet, Path: "/products/notifications", Access: own,
			Summary: "List requested notifications",
			Doc:     "Newest first.",
		}, s.list),
		rest.Bind(rest.Route{
			ID: "delete-notification", Method: http.MethodDelete, Path: "/products/notifications/{id}",
			Access: own, Status: http.StatusNoContent, Summary: "Cancel requested notification",
		}, s.cancel),
	}}
}

type stockWatchAPI struct{ Deps }

// maxWatches bounds the waiting watches of one customer. Parallel requests may exceed it by a few,
// which does no harm: it only limits the storage.
const maxWatches = 200

// StockWatchView is a watch in the API.
type StockWatchView struct {
	ID        entrepot.ID `json:"id"`
	ProductID entrepot.ID `json:"productId"`
	VariantID entrepot.ID `json:"variantId" doc:"the product's id for a product without variants"`
	ShopID    entrepot.ID `json:"shopId,omitempty" doc:"none: any shop"`
	Name      string      `json:"name"`
	Since     rest.Time   `json:"since"`
}

func stockWatchOf(w *stockwatch.StockWatch) StockWatchView {
	return StockWatchView{ID: w.ID, ProductID: w.ProductID, VariantID: w.VariantID, ShopID: w.ShopID, Name: w.Name, Since: rest.Time(w.Since)}
}

type notifyInput struct {
	rest.IDPath
	rest.Here
	Body struct {
		VariantID rest.ID `json:"variantId,omitempty" doc:"of a product that has variants"`
		ShopID    rest.ID `json:"shopId,omitempty" doc:"default: anywhere"`
	}
}

// begin starts the watch and checks the stock after that, so that no arrival is missed: an earlier
// one is seen by the check, a later one notifies the watch.
func (s *stockWatchAPI) begin(ctx context.Context, in *notifyInput) (*rest.Created[StockWatchView], error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	p, err := query.Product(ctx, s.Asker, id)
	if err != nil {
		return nil, err
	}
	variant, err := wantedVariant(p, string(in.Body.VariantID))
	if err != nil {
		return nil, err
	}
	if in.Body.ShopID != "" && !slices.Contains(p.ShopIDs, string(in.Body.ShopID)) {
		return nil, entrepot.Invalid("shopId", "soldBy", "the shop does not sell the product")
	}
	user := entrepot.CallerFrom(ctx).UserID
	n, err := s.Store.Count(ctx, stockwatch.Collection, entrepot.OwnedBy(user), query.Where(nil, "status", stockwatch.Waiting), maxWatches)
	if err != nil {
		return nil, query.Unreadable(stockwatch.Collection, err)
	}
	if n >= maxWatches {
		return nil, entrepot.Errorf(entrepot.CodeConflict, "a customer waits for at most %d products at a time", maxWatches)
	}
	watch := stockwatch.ID(user, variant, string(in.Body.ShopID))
	w, err := grains.Ask(ctx, s.Asker, stockwatch.Of(watch), stockwatch.Watch{
		ProductID: p.ID, VariantID: variant, ShopID: string(in.Body.ShopID), CompanyID: p.CompanyID, Name: p.Name,
	})
	if err != nil {
		return nil, err
	}
	if s.inStock(ctx, p, variant, string(in.Body.ShopID)) {
		_, err := grains.Ask(ctx, s.Asker, stockwatch.Of(watch), stockwatch.Cancel{})
		if err != nil && entrepot.CodeOf(err) != entrepot.CodeNotFound { // notified in the meantime
			return nil, err
		}
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the product is in stock")
	}
	return &rest.Created[StockWatchView]{Location: path.Join(in.Base, "../../notifications", w.ID), Body: stockWatchOf(w)}, nil
}

// wantedVariant returns the id of the variant to wait for.
func wantedVariant(p *product.Product, variant entrepot.ID) (entrepot.ID, error) {
	if len(p.Variants) > 0 && variant == "" {
		return "", entrepot.Invalid("variantId", "required", "must name one of the product's variants")
	}
	v, sold := p.Sellable(variant)
	if !sold {
		return "", query.Missing("variantId", "the product has no such variant")
	}
	return v.ID, nil
}

// maxShopsChecked bounds the shops whose stock is checked before the customer waits.
const maxShopsChecked = 50

// inStock reports whether one of the shops that sell the variant has stock. It reads as the
// platform, because customers may not read stock levels. An item that cannot be read counts as
// out of stock; its next arrival notifies the customer.
func (s *stockWatchAPI) inStock(ctx context.Context, p *product.Product, variant, shop entrepot.ID) bool {
	shops := p.ShopIDs[:min(len(p.ShopIDs), maxShopsChecked)]
	if shop != "" {
		shops = []entrepot.ID{shop}
	}
	ctx = query.AsPlatform(ctx)
	var some atomic.Bool
	_ = query.Each(ctx, len(shops), func(ctx context.Context, i int) error { // errors count as no stock
		item, err := grains.Ask(ctx, s.Asker, stock.Of(stock.ID(variant, shops[i])), stock.Get{})
		if err == nil && item.Available > 0 {
			some.Store(true)
		}
		return nil
	})
	return some.Load()
}

func (s *stockWatchAPI) list(ctx context.Context, in *rest.ListParams) (*rest.List[StockWatchView], error) {
	q := persistence.Query{Limit: in.Limit, Cursor: in.Cursor, Sort: persistence.CreatedAt, Desc: true, Where: query.Where(nil, "status", stockwatch.Waiting)}
	scope := entrepot.OwnedBy(entrepot.CallerFrom(ctx).UserID)
	page, err := query.Find(ctx, s.Store, stockwatch.Collection, scope, q,
		func(w *stockwatch.StockWatch, _ *persistence.Document) StockWatchView { return stockWatchOf(w) })
	if err != nil {
		return nil, err
	}
	return &rest.List[StockWatchView]{Body: page}, nil
}

func (s *stockWatchAPI) cancel(ctx context.Context, in *struct{ rest.IDPath }) (*rest.NoContent, error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	_, err = grains.Ask(ctx, s.Asker, stockwatch.Of(id), stockwatch.Cancel{})
	return nil, err
}
