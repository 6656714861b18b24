package api

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/product"
	"entrepot/grains/product/productpb"
	"entrepot/grains/recommend"
	"entrepot/grains/recommend/recommendpb"
	"entrepot/persistence"
)

// Recommendations is what the e-commerce service suggests, and the views that it
// learns from.
func Recommendations(d Deps) Routes {
	s := &recommendAPI{Deps: d.withDefaults()}
	s.likes.init(s.Now, similarAge)
	if s.Similar == nil {
		s.Similar = s.similarByContent
	}
	return Routes{"products", []Route{
		route(Route{
			ID: "recommend-products", Method: http.MethodGet, Path: "/products/recommendations", Access: Public, Summary: "Recommend products",
			Doc: "bought_together: what is in orders with productId. similar: what is like productId. trending: what is bought and viewed now. " +
				"personal: what goes with what the customer bought, viewed and wished for; for who is not known yet, what trends. " +
				"Without a kind a mix of those that apply. Every item says why it is there.",
		}, s.recommend),
		route(Route{
			ID: "record-product-view", Method: http.MethodPost, Keyed: true, Path: "/products/{id}/views", Access: Public, Status: http.StatusNoContent, Summary: "Record a view of a product",
			Doc: "Of a customer it counts for the customer's own recommendations and for what trends; of who is not logged in for what trends only, once in half an hour. Views by staff count for nothing.",
		}, s.view),
		route(Route{
			ID: "list-product-views", Method: http.MethodGet, Path: "/products/views", Access: Only(entrepot.Customer), Summary: "List the products I viewed",
			Doc: "Newest first, of the last 90 days. A view is in the list a moment after it was recorded.",
		}, s.views),
	}}
}

type recommendAPI struct {
	Deps
	likes briefly[[]SimilarHit] // by product
}

// SimilarHit is a product like another one.
type SimilarHit struct {
	ProductID entrepot.ID
	Score     float64 // 0..1
}

// SeenProduct is one view of a product.
type SeenProduct struct {
	UserID    entrepot.ID `json:"userId"`
	ProductID entrepot.ID `json:"productId"`
	ViewedAt  time.Time   `json:"viewedAt"`
	Duration  int64       `json:"duration,omitempty" doc:"milliseconds; none when it is not known"`
}

type viewInput struct {
	IDPath
	KeyHeader
	Body *struct {
		Duration int64 `json:"duration,omitempty" minimum:"0" maximum:"14400000" example:"8500" doc:"how long, in milliseconds; at most four hours"`
	}
}

func (s *recommendAPI) view(ctx context.Context, in *viewInput) (*nothing, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	p, err := askProduct(ctx, s.Asker, id)
	if err != nil || isStaff(ctx) {
		return nil, err
	}
	cmd := &recommendpb.View{ProductId: id, CompanyId: p.CompanyId}
	if in.Body != nil {
		cmd.DurationMs = in.Body.Duration
	}
	c := entrepot.CallerFrom(ctx)
	of := c.UserID
	if c.Role == "" {
		cmd.Viewer = entrepot.DeriveID("viewer", c.IP, c.UserAgent)
		of = recommendpb.Anonymous(cmd.Viewer)
	}
	ctx, _ = in.command(ctx, "view/"+id, []byte(strconv.FormatInt(cmd.DurationMs, 10)))
	_, err = grains.Ask[*recommendpb.Viewed](ctx, s.Asker, recommendpb.Tastes, of, cmd)
	return nil, err
}

func (s *recommendAPI) views(ctx context.Context, in *ListParams) (*paged[SeenProduct], error) {
	q := persistence.Query{Sort: persistence.CreatedAt, Desc: true, Limit: in.Limit, Cursor: in.Cursor}
	page, err := find(ctx, s.Stores.Ecommerce, recommend.Views, entrepot.OwnedBy(entrepot.CallerFrom(ctx).UserID), q,
		func(v *events.ProductViewed, _ *persistence.Document) SeenProduct {
			return SeenProduct{v.UserID, v.ProductID, v.ViewedAt, v.Duration}
		})
	if err != nil {
		return nil, err
	}
	return &paged[SeenProduct]{page}, nil
}

// The kinds of recommendations, as the API names them.
const (
	kindTogether = "bought_together"
	kindSimilar  = "similar"
	kindTrending = "trending"
	kindPersonal = "personal"
)

const soldOutLast = "last" // of soldOut

type recommendInput struct {
	Kind      string `query:"kind" enum:"bought_together,similar,trending,personal" doc:"none: a mix"`
	ProductID string `query:"productId" pattern:"^[0-9a-f]{24}$" patternDescription:"an id of 24 hex digits" doc:"for bought_together and similar"`
	ShopID    string `query:"shopId" pattern:"^[0-9a-f]{24}$" patternDescription:"an id of 24 hex digits" doc:"only what this shop sells"`
	CompanyID string `query:"companyId" pattern:"^[0-9a-f]{24}$" patternDescription:"an id of 24 hex digits" doc:"only what this company sells; with productId the product's company"`
	SoldOut   string `query:"soldOut" enum:"omit,last" default:"omit" doc:"what is known to be out of stock, in the shop if one is named: left out, or behind all else"`
	Limit     int    `query:"limit" minimum:"1" maximum:"50" default:"10" doc:"how many at most"`
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

func (s *recommendAPI) recommend(ctx context.Context, in *recommendInput) (*answer[RecommendationList], error) {
	a := &advice{recommendAPI: s, in: in, company: in.CompanyID}
	if err := a.prepare(ctx); err != nil {
		return nil, err
	}
	picks, err := a.picks(ctx)
	if err != nil {
		return nil, err
	}
	items, err := a.choose(ctx, picks)
	if err != nil {
		return nil, err
	}
	return answerOf(RecommendationList{items}), nil
}

// prepare reads the product that is asked about. One in a shop or company that
// is asked for besides need not be of it: then there is nothing to recommend.
func (a *advice) prepare(ctx context.Context) (err error) {
	if a.in.ProductID == "" {
		if a.in.Kind == kindTogether || a.in.Kind == kindSimilar {
			return entrepot.Invalid("productId", "required", "must be given for the kind %s", a.in.Kind)
		}
		return a.shopsCompany(ctx)
	}
	a.anchor, err = askProduct(ctx, a.Asker, a.in.ProductID)
	if entrepot.CodeOf(err) == entrepot.CodeNotFound {
		return missing("productId", "no such product")
	}
	if err == nil && a.company == "" {
		a.company = a.anchor.CompanyId
	}
	return err
}

// shopsCompany narrows what trends to the company of the shop. A shop that is
// not there sells nothing.
func (a *advice) shopsCompany(ctx context.Context) error {
	if a.in.ShopID == "" || a.company != "" {
		return nil
	}
	v, err := askShop(ctx, a.Asker, a.in.ShopID)
	switch entrepot.CodeOf(err) {
	case "":
		a.company = v.CompanyId
		return nil
	case entrepot.CodeNotFound:
		a.company = a.in.ShopID // no company's id: nothing trends there
		return nil
	default:
		return err
	}
}

// allows reports whether a product may be shown: on sale, and of the shop and
// company that were asked for.
func (a *advice) allows(p *productpb.Product) bool {
	return p.Status == product.StatusActive && (a.company == "" || p.CompanyId == a.company) &&
		(a.in.ShopID == "" || slices.Contains(p.ShopIds, a.in.ShopID)) && p.Id != a.in.ProductID
}
