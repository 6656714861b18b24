package ecommerce

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/ecommerce/recommend"
	"entrepot/grains/ecommerce/suggest"
	"entrepot/grains/query"
	"entrepot/http/rest"
	"entrepot/persistence"
)

// recommendationRoutes returns what the e-commerce service suggests, and the views that it
// learns from.
func recommendationRoutes(d Deps) rest.Routes {
	s := newRecommend(d)
	return rest.Routes{Service: "products", List: []rest.Route{
		rest.Bind(rest.Route{
			ID: "recommend-products", Method: http.MethodGet, Path: "/products/recommendations",
			Access: rest.Public, Summary: "Recommend products",
			Doc: "bought_together: products ordered together with productId. similar: products like " +
				"productId. trending: products bought and viewed now. personal: products that match the " +
				"customer's purchases, views and wishes; trending products for unknown customers. Without " +
				"kind, a mix of the kinds that apply. Every item states its reason.",
		}, s.recommend),
		rest.Bind(rest.Route{
			ID: "record-product-view", Method: http.MethodPost, Keyed: true, Path: "/products/{id}/views",
			Access: rest.Public, Status: http.StatusNoContent, Summary: "Record product view",
			Doc: "Views by a customer count for personal recommendations and for trends; anonymous views " +
				"count for trends, once in half an hour. Views by staff are ignored.",
		}, s.view),
		rest.Bind(rest.Route{
			ID: "list-product-views", Method: http.MethodGet, Path: "/products/views",
			Access: rest.Only(entrepot.Customer), Summary: "List viewed products",
			Doc: "Newest first, for the last 90 days. A recorded view appears after a moment.",
		}, s.views),
	}}
}

type recommendAPI struct {
	Deps
	adviser *suggest.Adviser
}

func newRecommend(d Deps) *recommendAPI {
	s := &recommendAPI{Deps: d}
	s.adviser = suggest.New(suggest.Config{Asker: s.Asker, Store: s.Store, Similar: s.Similar, StockOf: s.stockOf, Now: s.Now})
	return s
}

// SeenProduct is one view of a product.
type SeenProduct struct {
	UserID    entrepot.ID `json:"userId"`
	ProductID entrepot.ID `json:"productId"`
	ViewedAt  time.Time   `json:"viewedAt"`
	Duration  int64       `json:"duration,omitempty" doc:"milliseconds; none when it is not known"`
}

type viewInput struct {
	rest.IDPath
	rest.KeyHeader
	Body *struct {
		Duration int64 `json:"duration,omitempty" minimum:"0" maximum:"14400000" example:"8500" doc:"how long, in milliseconds; at most four hours"`
	}
}

func (s *recommendAPI) view(ctx context.Context, in *viewInput) (*rest.NoContent, error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	p, err := query.Product(ctx, s.Asker, id)
	if err != nil || rest.IsStaff(ctx) {
		return nil, err
	}
	cmd := recommend.View{ProductID: id, CompanyID: p.CompanyID}
	if in.Body != nil {
		cmd.DurationMs = in.Body.Duration
	}
	c := entrepot.CallerFrom(ctx)
	of := c.UserID
	if c.Role == "" {
		cmd.Viewer = entrepot.DeriveID("viewer", c.IP, c.UserAgent)
		of = recommend.Anonymous(cmd.Viewer)
	}
	_, err = grains.Ask(ctx, s.Asker, recommend.TasteOf(of), cmd, in.Keyed(ctx, "view/"+id, []byte(strconv.FormatInt(cmd.DurationMs, 10)))...)
	return nil, err
}

func (s *recommendAPI) views(ctx context.Context, in *rest.ListParams) (*rest.List[SeenProduct], error) {
	q := persistence.Query{Sort: persistence.CreatedAt, Desc: true, Limit: in.Limit, Cursor: in.Cursor}
	page, err := query.Find(ctx, s.Store, recommend.Views, entrepot.OwnedBy(entrepot.CallerFrom(ctx).UserID), q,
		func(v *events.ProductViewed, _ *persistence.Document) SeenProduct {
			return SeenProduct{v.UserID, v.ProductID, v.ViewedAt, v.Duration}
		})
	if err != nil {
		return nil, err
	}
	return &rest.List[SeenProduct]{Body: page}, nil
}

type recommendInput struct {
	Kind      string  `query:"kind" enum:"bought_together,similar,trending,personal" doc:"none: a mix"`
	ProductID rest.ID `query:"productId" doc:"for bought_together and similar"`
	ShopID    rest.ID `query:"shopId" doc:"only what this shop sells"`
	CompanyID rest.ID `query:"companyId" doc:"only what this company sells; with productId the product's company"`
	SoldOut   string  `query:"soldOut" enum:"omit,last" default:"omit" doc:"products known to be out of stock (in the shop, if named): omitted or last"`
	Limit     int     `query:"limit" minimum:"1" maximum:"50" default:"10" doc:"maximal number of items"`
}

// Recommendation is one product, and why it is there.
type Recommendation struct {
	Product ProductView `json:"product"`
	Kind    string      `json:"kind" enum:"bought_together,similar,trending,personal"`
	Reason  string      `json:"reason" example:"Often bought together with Mug"`
	Score   float64     `json:"score" doc:"0..1, compares within one kind only"`
	Because *Because    `json:"because,omitempty" doc:"the product that it is recommended for"`
}

// Because is the product that another is recommended for.
type Because struct {
	ProductID entrepot.ID `json:"productId"`
	Name      string      `json:"name"`
}

// RecommendationList is what is recommended, best first.
type RecommendationList struct {
	Items []Recommendation `json:"items"`
}

func (s *recommendAPI) recommend(ctx context.Context, in *recommendInput) (*rest.Answer[RecommendationList], error) {
	found, err := s.adviser.Suggest(ctx, suggest.Request{
		Kind: in.Kind, ProductID: string(in.ProductID), ShopID: string(in.ShopID), CompanyID: string(in.CompanyID), SoldOutLast: in.SoldOut == "last", Limit: in.Limit,
	})
	if err != nil {
		return nil, err
	}
	items := make([]Recommendation, len(found))
	for i, f := range found {
		items[i] = Recommendation{Product: productOf(f.Product, string(in.ShopID), s.Now()), Kind: f.Kind, Reason: f.Reason, Score: f.Score}
		if f.StockKnown {
			items[i].Product.stocked(f.Product, f.Stock)
		}
		if f.Because != nil {
			items[i].Because = &Because{f.Because.ProductID, f.Because.Name}
		}
	}
	return rest.AnswerOf(RecommendationList{items}), nil
}
