// Package shop is the HTTP interface of the shop service: shops, their staff,
// opening hours, sales figures and shipping rules.
package shop

import (
	"time"

	"entrepot/grains"
	"entrepot/grains/query"
	"entrepot/http/edge"
	"entrepot/http/rest"
)

// Deps is what the handlers work with.
type Deps struct {
	Asker    grains.Asker
	Store    query.Reader   // the service's database
	Standing *edge.Standing // refreshed after a withdrawal of tokens; nil: other members only
	Now      func() time.Time
}

// Routes returns the routes of the service.
func Routes(d Deps) []rest.Routes { return []rest.Routes{shopRoutes(d)} }
