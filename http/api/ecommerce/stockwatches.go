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

// stockWatchRoutes returns "tell me when it is back", of the e-commerce service.
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

// maxWatches is how much one customer may wait for. Parallel requests may go a
// few beyond: it bounds what is kept, and nothing is lost by it.
const maxWatches = 200

// StockWatchView is what a customer waits for.
type StockWatchView struct {
	ID        entrepot.ID `json:"id"`
	ProductID entrepot.ID `json:"productId"`
	VariantID entrepot.ID `json:"variantId" doc:"the product's id for a product without variants"`
	ShopID    entrepot.ID `json:"shopId,omitempty" doc:"none: anywhere"`
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

// begin begins to wait and looks at the stock then: what arrives in between tells
// the customer, and what arrived before is seen.
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
		return nil, entrepot.Errorf(entrepot.CodeConflict, "one waits for at most %d products at a time", maxWatches)
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
		if err != nil && entrepot.CodeOf(err) != entrepot.CodeNotFound { // told meanwhile
			return nil, err
		}
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the product is in stock")
	}
	return &rest.Created[StockWatchView]{Location: path.Join(in.Base, "../../notifications", w.ID), Body: stockWatchOf(w)}, nil
}

// wantedVariant is the variant that is waited for: one of those a product has.
func wantedVariant(p *product.Product, variant entrepot.ID) (entrepot.ID, error) {
	if len(p.Variants) > 0 && variant == "" {
		return "", entrepot.Invalid("variantId", "required", "the product has variants: name one")
	}
	v, sold := p.Sellable(variant)
	if !sold {
		return "", query.Missing("variantId", "the product has no such variant")
	}
	return v.ID, nil
}

// mostAsked is in how many shops a variant is looked for before the customer waits.
const mostAsked = 50

// inStock looks for the variant in the shops that sell it, as the platform: how
// much lies where is the staff's business. A stock item that does not answer is
// none, and its next arrival tells.
func (s *stockWatchAPI) inStock(ctx context.Context, p *product.Product, variant, shop entrepot.ID) bool {
	shops := p.ShopIDs[:min(len(p.ShopIDs), mostAsked)]
	if shop != "" {
		shops = []entrepot.ID{shop}
	}
	ctx = entrepot.WithCaller(ctx, entrepot.SystemCaller(entrepot.CallerFrom(ctx).RequestID))
	var some atomic.Bool
	_ = query.Each(ctx, len(shops), func(ctx context.Context, i int) error { // no error is an answer too
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
	page, err := query.Find(ctx, s.Store, stockwatch.Collection, scope, q, func(w *stockwatch.State, _ *persistence.Document) StockWatchView {
		return stockWatchOf(w.View())
	})
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
