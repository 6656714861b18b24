// Package payment is the HTTP interface of the payment service.
package payment

import (
	"entrepot/grains"
	"entrepot/grains/query"
	"entrepot/http/rest"
)

// Deps is the dependencies of the handlers.
type Deps struct {
	Asker grains.Asker
	Store query.Reader // the service's database
}

// Routes returns the routes of the service.
func Routes(d Deps) []rest.Routes { return []rest.Routes{paymentRoutes(d)} }
