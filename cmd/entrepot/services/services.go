// Package services is THE TABLE of the platform: one row a service. Routes, kinds of
// grains, collections, queues and stores, the test harness and the checker are
// derived from it.
package services

import (
	"slices"

	"entrepot/actors"
	auditactors "entrepot/actors/audit"
	authactors "entrepot/actors/auth"
	companyactors "entrepot/actors/company"
	"entrepot/actors/ecommerce"
	inventoryactors "entrepot/actors/inventory"
	paymentactors "entrepot/actors/payment"
	salesactors "entrepot/actors/sales"
	shopactors "entrepot/actors/shop"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/ecommerce/imports"
	"entrepot/grains/ecommerce/recommend"
	"entrepot/grains/ecommerce/review"
	"entrepot/grains/ecommerce/wishlist"
	"entrepot/grains/inventory/stock"
	"entrepot/grains/shop/shop"
	"entrepot/http/rest"
	"entrepot/persistence"
)

// Service is one row.
type Service struct {
	Name     string
	Port     int      // above BASE_PORT
	Database string   // of its own; "" for none
	Prefixes []string // of its routes' paths
	Kinds    []func() *grains.Kind
	Rows     []*persistence.Collection // documents that are not grains
	Inboxes  []Inbox
	Routes   func(Deps) []rest.Routes // nil for the gateway, which has those of all
}

// Inbox is a queue of a service with its handler: Consume, or Work for handlers that
// need dependencies of the service's routes.
type Inbox struct {
	actors.Inbox
	Work func(d Deps, store persistence.Store) events.Handler
}

// Handler returns the inbox's handler; the store is the service's.
func (in *Inbox) Handler(d Deps, store persistence.Store) events.Handler {
	if in.Work != nil {
		return in.Work(d, store)
	}
	return in.Consume(store, d.Asker)
}

// Collections returns every collection of the service's database.
func (s *Service) Collections() []*persistence.Collection {
	out := append([]*persistence.Collection{rest.IdempotencyKeys}, s.Rows...)
	for _, k := range s.Kinds {
		out = append(out, k().Collection)
	}
	return out
}

// Table has one row a service, in the order of their ports. The README's service
// map is made from it.
var Table = []Service{
	{
		Name: "gateway", Port: 0, Prefixes: []string{"/api/*", "/openapi.json", "/docs"},
	},
	{
		Name: "auth", Port: 1, Database: "authdb", Prefixes: []string{"/auth"},
		Kinds:   authKinds,
		Inboxes: consume(authactors.Inboxes()),
		Routes:  authRoutes,
	},
	{
		Name: "company", Port: 2, Database: "companydb", Prefixes: []string{"/companies"},
		Kinds:   companyKinds,
		Inboxes: consume(companyactors.Inboxes()),
		Routes:  companyRoutes,
	},
	{
		Name: "shop", Port: 3, Database: "shopdb", Prefixes: []string{"/shops"},
		Kinds:   shopKinds,
		Rows:    []*persistence.Collection{shop.Sales},
		Inboxes: consume(shopactors.Inboxes()),
		Routes:  shopRoutes,
	},
	{
		Name: "ecommerce", Port: 4, Database: "ecommercedb", Prefixes: []string{"/products", "/cart", "/wishlist"},
		Kinds:   ecommerceKinds,
		Rows:    []*persistence.Collection{review.Purchases, wishlist.Wishes, imports.Rows, recommend.Views, ecommerce.Availability},
		Inboxes: ecommerceInboxes(),
		Routes:  ecommerceRoutes,
	},
	{
		Name: "sales", Port: 5, Database: "salesdb", Prefixes: []string{"/orders"},
		Kinds:   salesKinds,
		Inboxes: consume(salesactors.Inboxes()),
		Routes:  salesRoutes,
	},
	{
		Name: "payment", Port: 6, Database: "paymentdb", Prefixes: []string{"/payments"},
		Kinds:   paymentKinds,
		Inboxes: consume(paymentactors.Inboxes()),
		Routes:  paymentRoutes,
	},
	{
		Name: "inventory", Port: 7, Database: "inventorydb", Prefixes: []string{"/inventory"},
		Kinds:   inventoryKinds,
		Rows:    []*persistence.Collection{stock.Movements},
		Inboxes: consume(inventoryactors.Inboxes()),
		Routes:  inventoryRoutes,
	},
	{
		Name: "audit", Port: 10, Database: "auditdb", Prefixes: []string{"/audit"},
		Rows:    []*persistence.Collection{auditactors.Logs},
		Inboxes: consume(auditactors.Inboxes()),
		Routes:  auditRoutes,
	},
}

// later are the specification's queues whose services come with later issues;
// they are declared from the start, so operators and bindings find them.
var later = []events.Queue{
	{Name: "user.events"}, {Name: "notification.events"}, {Name: "analytics.events"}, {Name: "debt.events"},
}

// Queues returns the inboxes of all services and the queues of later ones.
func Queues() []events.Queue {
	var out []events.Queue
	for _, s := range Table {
		for _, in := range s.Inboxes {
			out = append(out, in.Queue)
		}
	}
	return append(out, later...)
}

// Find returns the row of a service, nil if there is none.
func Find(name string) *Service {
	i := slices.IndexFunc(Table, func(s Service) bool { return s.Name == name })
	if i < 0 {
		return nil
	}
	return &Table[i]
}

// Names returns the names of all services.
func Names() []string {
	var out []string
	for _, s := range Table {
		out = append(out, s.Name)
	}
	return out
}
