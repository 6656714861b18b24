package main

import (
	"slices"
	"time"

	"entrepot/actors"
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

// inbox is a queue of a service and what the service does with it. A service has
// several where one kind of work must not hold up another.
type inbox struct {
	events.Queue
	consume func(store persistence.Store, a grains.Asker) events.Handler
	// work is for what follows the rules of the service's requests; either it or
	// consume is set.
	work func(d api.Deps, store persistence.Store) events.Handler
	// linger is how long it waits for a batch to fill: what nobody waits for costs
	// least many at a time.
	linger time.Duration
	batch  int // most at once of one that lingers, default 1024
}

// How long inboxes linger.
const (
	keeping  = 100 * time.Millisecond // rows that are listed
	learning = 2 * time.Second        // what changes by itself anyway
)

func asks(h func(grains.Asker) events.Handler) func(persistence.Store, grains.Asker) events.Handler {
	return func(_ persistence.Store, a grains.Asker) events.Handler { return h(a) }
}

func writes(h func(persistence.Store) events.Handler) func(persistence.Store, grains.Asker) events.Handler {
	return func(s persistence.Store, _ grains.Asker) events.Handler { return h(s) }
}

func inboxOf(name string, bindings ...string) events.Queue {
	return events.Queue{Name: name, Bindings: bindings}
}

// services is THE TABLE: a row a service. The README's service map is made from it.
var services = []service{
	{
		name: "gateway", port: 0, routes: []string{"/api/*", "/openapi.json", "/docs"},
	},
	{
		name: "auth", port: 1, database: "authdb", routes: []string{"/auth"},
		kinds:   []func() *grains.Kind{user.Kind, access.Kind, invitation.Kind, apikey.Kind, usage.Kind, mail.Kind},
		inboxes: []inbox{{Queue: inboxOf("auth.events", "company.deleted"), consume: actors.Accounts}},
	},
	{
		name: "company", port: 2, database: "companydb", routes: []string{"/companies"},
		kinds: []func() *grains.Kind{company.Kind, companystats.Kind},
		inboxes: []inbox{{
			Queue:   inboxOf("company.events", companystats.Bindings...),
			consume: asks(actors.Companies), linger: keeping, batch: companystats.Remembered,
		}},
	},
	{
		name: "shop", port: 3, database: "shopdb", routes: []string{"/shops"},
		kinds: []func() *grains.Kind{shop.Kind, shipping.Kind},
		rows:  []*persistence.Collection{shop.Sales},
		inboxes: []inbox{{
			Queue:   inboxOf("shop.events", "order.*", "payment.success", "payment.refunded", "user.deleted", "shop.deleted", "company.deleted"),
			consume: actors.Shops, linger: keeping,
		}},
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
			actors.Availability,
		},
		inboxes: []inbox{
			{
				Queue: inboxOf("product.events", "company.deleted", "user.deleted", "product.deleted", "review.*", "wishlist.item_added",
					"order.confirmed", "order.cancelled"),
				consume: func(s persistence.Store, a grains.Asker) events.Handler {
					return actors.Each(
						actors.On(actors.Catalogue(s, a), "company.deleted"),
						actors.Shoppers(s, a),
						actors.Purchases(s, time.Now),
						actors.Ratings(s, a),
						actors.Votes(s, a),
						actors.NoMoreWaiting(s, a),
						actors.Wishes(s, a),
					)
				},
				linger: keeping,
			},
			{
				Queue: inboxOf("product.stock", "inventory.updated"),
				consume: func(s persistence.Store, a grains.Asker) events.Handler {
					return actors.Moved(s, a, time.Now)
				},
				linger: keeping,
			},
			{
				Queue: inboxOf("product.learning", "order.created", "product.viewed", "wishlist.item_added", "wishlist.item_removed",
					"user.deleted", "company.deleted"),
				consume: actors.Recommendations, linger: learning,
			},
			{
				Queue: inboxOf("product.imports", "import.due", "import.ended", "company.deleted"),
				work:  func(d api.Deps, s persistence.Store) events.Handler { return api.NewImporter(d, s).Handle },
			},
			{
				Queue: inboxOf("product.images", "product.deleted"),
				work:  func(d api.Deps, _ persistence.Store) events.Handler { return api.ForgetImages(d) },
			},
		},
	},
	{
		name: "sales", port: 5, database: "salesdb", routes: []string{"/orders"},
		kinds:   []func() *grains.Kind{order.Kind, series.Kind},
		inboxes: []inbox{{Queue: inboxOf("order.events", "payment.success", "payment.failed"), consume: asks(actors.Sales)}},
	},
	{
		name: "payment", port: 6, database: "paymentdb", routes: []string{"/payments"},
		kinds:   []func() *grains.Kind{payment.Kind},
		inboxes: []inbox{{Queue: inboxOf("payment.events", "order.created"), consume: asks(actors.Payments)}},
	},
	{
		name: "inventory", port: 7, database: "inventorydb", routes: []string{"/inventory"},
		kinds: []func() *grains.Kind{stock.Kind, warehouse.Kind, sourcing.Kind, transfer.Kind, stocktake.Kind, supplier.Kind, purchase.Kind},
		rows:  []*persistence.Collection{stock.Movements},
		inboxes: []inbox{
			{Queue: inboxOf("inventory.events", "inventory.updated"), consume: writes(actors.Ledger), linger: keeping},
			{
				Queue: inboxOf("inventory.locations", "shop.created", "shop.updated", "shop.deleted", "company.deleted"),
				consume: func(s persistence.Store, a grains.Asker) events.Handler {
					return actors.Each(actors.Sourcings(a), actors.Logistics(s, a))
				},
			},
		},
	},
	{
		name: "audit", port: 10, database: "auditdb", routes: []string{"/audit"},
		rows:    []*persistence.Collection{actors.AuditLogs},
		inboxes: []inbox{{Queue: inboxOf("audit.events", "#"), consume: writes(actors.Audit), linger: keeping}},
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
