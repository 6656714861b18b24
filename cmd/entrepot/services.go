package main

import (
	"slices"

	"entrepot/actors"
	"entrepot/actors/audit"
	"entrepot/actors/auth"
	companyactors "entrepot/actors/company"
	"entrepot/actors/ecommerce"
	"entrepot/actors/inventory"
	paymentactors "entrepot/actors/payment"
	"entrepot/actors/sales"
	shopactors "entrepot/actors/shop"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/access"
	"entrepot/grains/apikey"
	"entrepot/grains/cart"
	"entrepot/grains/categories"
	"entrepot/grains/company"
	"entrepot/grains/companystats"
	"entrepot/grains/imports"
	"entrepot/grains/invitation"
	"entrepot/grains/mail"
	"entrepot/grains/order"
	"entrepot/grains/payment"
	"entrepot/grains/product"
	"entrepot/grains/promotion"
	"entrepot/grains/purchase"
	"entrepot/grains/recommend"
	"entrepot/grains/review"
	"entrepot/grains/series"
	"entrepot/grains/shipping"
	"entrepot/grains/shop"
	"entrepot/grains/sourcing"
	"entrepot/grains/stock"
	"entrepot/grains/stocktake"
	"entrepot/grains/stockwatch"
	"entrepot/grains/supplier"
	"entrepot/grains/transfer"
	"entrepot/grains/usage"
	"entrepot/grains/user"
	"entrepot/grains/warehouse"
	"entrepot/grains/wishlist"
	"entrepot/http/api"
	"entrepot/persistence"
)

// service is one row of the platform's service table.
type service struct {
	name     string
	port     int    // above BASE_PORT
	database string // of its own; "" for none
	routes   []string
	kinds    []func() *grains.Kind
	rows     []*persistence.Collection // documents that are not grains
	inboxes  []inbox
}

// inbox is a queue of a service with its handler: either Consume, or work for handlers that need
// the dependencies of the service's requests.
type inbox struct {
	actors.Inbox
	work func(d api.Deps, store persistence.Store) events.Handler
}

// inboxes returns the inboxes of a service's actors.
func inboxes(all []actors.Inbox) []inbox {
	out := make([]inbox, len(all))
	for i := range all {
		out[i].Inbox = all[i]
	}
	return out
}

func inboxOf(name string, bindings ...string) actors.Inbox {
	return actors.Inbox{Queue: events.Queue{Name: name, Bindings: bindings}}
}

// services is THE TABLE: a row a service. The README's service map is made from it.
var services = []service{
	{
		name: "gateway", port: 0, routes: []string{"/api/*", "/openapi.json", "/docs"},
	},
	{
		name: "auth", port: 1, database: "authdb", routes: []string{"/auth"},
		kinds:   []func() *grains.Kind{user.Kind, access.Kind, invitation.Kind, apikey.Kind, usage.Kind, mail.Kind},
		inboxes: inboxes(auth.Inboxes()),
	},
	{
		name: "company", port: 2, database: "companydb", routes: []string{"/companies"},
		kinds:   []func() *grains.Kind{company.Kind, companystats.Kind},
		inboxes: inboxes(companyactors.Inboxes()),
	},
	{
		name: "shop", port: 3, database: "shopdb", routes: []string{"/shops"},
		kinds:   []func() *grains.Kind{shop.Kind, shipping.Kind},
		rows:    []*persistence.Collection{shop.Sales},
		inboxes: inboxes(shopactors.Inboxes()),
	},
	{
		name: "ecommerce", port: 4, database: "ecommercedb", routes: []string{"/products", "/cart", "/wishlist"},
		kinds: []func() *grains.Kind{
			product.Kind,
			categories.Kind,
			promotion.Kind, promotion.UseKind,
			imports.Kind,
			cart.Kind,
			wishlist.Kind, review.Kind, review.VoteKind, stockwatch.Kind,
			recommend.AffinityKind, recommend.TrendingKind, recommend.TasteKind,
		},
		rows: []*persistence.Collection{
			review.Purchases,
			wishlist.Wishes,
			imports.Rows,
			recommend.Views,
			ecommerce.Availability,
		},
		inboxes: append(
			inboxes(ecommerce.Inboxes()),
			inbox{
				Inbox: inboxOf("product.imports", "import.due", "import.ended", "company.deleted"),
				work:  func(d api.Deps, s persistence.Store) events.Handler { return api.NewImporter(d, s).Handle },
			},
			inbox{
				Inbox: inboxOf("product.images", "product.deleted"),
				work:  func(d api.Deps, _ persistence.Store) events.Handler { return api.ForgetImages(d) },
			},
		),
	},
	{
		name: "sales", port: 5, database: "salesdb", routes: []string{"/orders"},
		kinds:   []func() *grains.Kind{order.Kind, series.Kind},
		inboxes: inboxes(sales.Inboxes()),
	},
	{
		name: "payment", port: 6, database: "paymentdb", routes: []string{"/payments"},
		kinds:   []func() *grains.Kind{payment.Kind},
		inboxes: inboxes(paymentactors.Inboxes()),
	},
	{
		name: "inventory", port: 7, database: "inventorydb", routes: []string{"/inventory"},
		kinds:   []func() *grains.Kind{stock.Kind, warehouse.Kind, sourcing.Kind, transfer.Kind, stocktake.Kind, supplier.Kind, purchase.Kind},
		rows:    []*persistence.Collection{stock.Movements},
		inboxes: inboxes(inventory.Inboxes()),
	},
	{
		name: "audit", port: 10, database: "auditdb", routes: []string{"/audit"},
		rows:    []*persistence.Collection{audit.Logs},
		inboxes: inboxes(audit.Inboxes()),
	},
}

// later are the specification's queues whose services come with later issues;
// they are declared from the start, so operators and bindings find them.
var later = []events.Queue{
	{Name: "user.events"}, {Name: "notification.events"}, {Name: "analytics.events"}, {Name: "debt.events"},
}

// queues are the inboxes of all services.
func queues() []events.Queue {
	var out []events.Queue
	for _, s := range services {
		for _, in := range s.inboxes {
			out = append(out, in.Queue)
		}
	}
	return append(out, later...)
}

func find(name string) *service {
	i := slices.IndexFunc(services, func(s service) bool { return s.name == name })
	if i < 0 {
		return nil
	}
	return &services[i]
}

func names() []string {
	var out []string
	for _, s := range services {
		out = append(out, s.name)
	}
	return out
}
