// Package sales is the HTTP interface of the sales service: orders.
package sales

import (
	"time"

	"entrepot/grains"
	"entrepot/grains/checkout"
	"entrepot/grains/query"
	"entrepot/http/rest"
)

// Deps is the dependencies of the handlers.
type Deps struct {
	Asker   grains.Asker
	Store   query.Reader // the service's database
	Pricing *checkout.Pricer
	Hold    time.Duration // how long an unpaid order holds its stock; 0: the order's default
}

// Routes returns the routes of the service.
func Routes(d Deps) []rest.Routes { return []rest.Routes{orderRoutes(d)} }
