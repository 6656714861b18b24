// Package company is the HTTP interface of the company service: companies, their
// settings, subscriptions and shipping rules.
package company

import (
	"time"

	"entrepot/grains"
	"entrepot/grains/query"
	"entrepot/http/edge"
	"entrepot/http/rest"
)

// Deps is what the handlers work with.
type Deps struct {
	Asker        grains.Asker
	Store        query.Reader   // the service's database
	Standing     *edge.Standing // refreshed after a change of a company's standing; nil: other members only
	ErasureGrace time.Duration  // how long a deleted company can be restored
}

// Routes returns the routes of the service.
func Routes(d Deps) []rest.Routes { return []rest.Routes{companyRoutes(d)} }
