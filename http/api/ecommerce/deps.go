// Package ecommerce is the HTTP interface of the e-commerce service: the catalogue
// with search, recommendations, reviews, imports and exports, promotions and
// wishlists. The cart is in package cart.
package ecommerce

import (
	"context"
	"log/slog"
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/checkout"
	"entrepot/grains/ecommerce/recommend"
	"entrepot/grains/query"
	"entrepot/http/api/ecommerce/cart"
	"entrepot/http/rest"
	"entrepot/persistence/blob"
	"entrepot/persistence/blob/picture"
	"entrepot/persistence/search"
)

// Deps is what the handlers work with.
type Deps struct {
	Asker    grains.Asker
	Store    query.Reader  // the service's database
	Lists    *ListCache    // nil: product lists are not cached
	Search   *search.Index // nil: nothing is found by text; lists come from the database
	Blobs    blob.Store    // nil: images and imports are not accepted
	Pictures *picture.Workshop
	// Similar returns up to n products like one, best first; among them may be
	// products that are not for sale or of another company. nil: by content, from
	// the database.
	Similar  func(ctx context.Context, productID entrepot.ID, n int) ([]recommend.Scored, error)
	Pricing  *checkout.Pricer
	CartIdle time.Duration // a cart unchanged for so long counts as abandoned; 0: the cart's default
	Now      func() time.Time
	Log      *slog.Logger
}

// Routes returns the routes of the service.
func Routes(d Deps) []rest.Routes {
	return []rest.Routes{
		productRoutes(d), searchRoutes(d), recommendationRoutes(d), reviewRoutes(d), stockWatchRoutes(d),
		cart.Routes(cart.Deps{Asker: d.Asker, Pricing: d.Pricing, Idle: d.CartIdle}),
		promotionRoutes(d), wishlistRoutes(d),
	}
}
