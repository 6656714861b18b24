// Package inventory is the HTTP interface of the inventory service: stock, and the
// logistics of warehouses, transfers, stocktakes, suppliers and purchase orders.
package inventory

import (
	"time"

	"entrepot/grains"
	"entrepot/grains/query"
	"entrepot/http/rest"
	"entrepot/persistence"
)

// Deps is what the handlers work with.
type Deps struct {
	Asker grains.Asker
	Store query.Reader // the service's database
	Shops query.Reader // the shop service's, for the list of locations
	// Movements holds an events.Envelope as its documents' state and has the fields
	// itemId (String) and movement (Int), scoped to the company and shop of the item.
	Movements *persistence.Collection
	Now       func() time.Time
}

// Routes returns the routes of the service.
func Routes(d Deps) []rest.Routes { return []rest.Routes{stockRoutes(d), logisticsRoutes(d)} }
