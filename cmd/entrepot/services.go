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
	queue    events.Queue              // its inbox
	// consume is what it does with its inbox, if anything.
	consume func(store persistence.Store, a grains.Asker) events.Handler
	// work is what it does with its inbox by the rules of its requests, if anything.
	work func(d api.Deps, store persistence.Store) events.Handler
	// keeps: its inbox fills rows, if not only, which nobody waits for and which
	// cost least many at a time.
	keeps bool
}

// services is THE TABLE: a row a service. The README's service map is made from it.
var services = []service{
	{
		name: "gateway", port: 0, routes: []string{"/api/*", "/openapi.json", "/docs"},
	},
	{
		name: "auth", port: 1, database: "authdb", routes: []string{"/auth"},
		kinds:   []func() *grains.Kind{user.Kind, access.Kind, invitation.Kind, apikey.Kind, usage.Kind, mail.Kind},
		queue:   events.Queue{Name: "auth.events", Bindings: []string{"company.deleted"}},
		consume: actors.Accounts,
	},
	{
		name: "company", port: 2, database: "companydb", routes: []string{"/companies"},
		kinds:   []func() *grains.Kind{company.Kind, companystats.Kind},
		queue:   events.Queue{Name: "company.events", Bindings: companystats.Bindings},
		consume: func(_ persistence.Store, a grains.Asker) events.Handler { return actors.Companies(a) },
	},
	{
		name: "shop", port: 3, database: "shopdb", routes: []string{"/shops"},
		kinds:   []func() *grains.Kind{shop.Kind},
		rows:    []*persistence.Collection{shop.Sales},
		queue:   events.Queue{Name: "shop.events", Bindings: []string{"order.*", "payment.success", "payment.refunded", "user.deleted", "company.deleted"}},
		consume: func(s persistence.Store, a grains.Asker) events.Handler { return actors.Shops(s, a) },
		keeps:   true,
	},
	{
		name: "ecommerce", port: 4, database: "ecommercedb", routes: []string{"/products", "/cart", "/wishlist"},
		kinds: []func() *grains.Kind{
			product.Kind,
			categories.Kind,
			promotion.Kind, promotion.UseKind,
			imports.Kind,
			cart.Kind,
			wishlist.Kind, review.Kind, stockwatch.Kind,
			recommend.AffinityKind, recommend.TrendingKind, recommend.TasteKind,
		},
		rows: []*persistence.Collection{
			review.Purchases,
			imports.Rows,
			recommend.Views,
			actors.Availability, actors.UnitsSold,
		},
		queue: events.Queue{Name: "product.events", Bindings: []string{
			"company.deleted", "user.deleted", "import.due", "review.*", "order.created", "order.confirmed", "order.cancelled", "inventory.updated",
			"product.viewed", "product.deleted", "wishlist.item_added", "wishlist.item_removed",
		}},
		consume: func(s persistence.Store, a grains.Asker) events.Handler {
			return actors.Each(
				actors.On(actors.Catalogue(s, a), "company.deleted"),
				actors.Shoppers(s, a),
				actors.Purchases(s),
				actors.Ratings(s, a),
				actors.BackInStock(s, a), actors.NoMoreWaiting(s, a),
				actors.Recommendations(s, a),
				actors.SearchRows(s, time.Now),
			)
		},
		work: func(d api.Deps, store persistence.Store) events.Handler {
			return actors.Each(actors.On(api.NewImporter(d, store).Handle, "import.due"), actors.On(api.ForgetImages(d), "product.deleted"))
		},
		keeps: true,
	},
	{
		name: "sales", port: 5, database: "salesdb", routes: []string{"/orders"},
		kinds:   []func() *grains.Kind{order.Kind, series.Kind},
		queue:   events.Queue{Name: "order.events", Bindings: []string{"payment.success", "payment.failed"}},
		consume: func(_ persistence.Store, a grains.Asker) events.Handler { return actors.Sales(a) },
	},
	{
		name: "payment", port: 6, database: "paymentdb", routes: []string{"/payments"},
		kinds:   []func() *grains.Kind{payment.Kind},
		queue:   events.Queue{Name: "payment.events", Bindings: []string{"order.created"}},
		consume: func(_ persistence.Store, a grains.Asker) events.Handler { return actors.Payments(a) },
	},
	{
		name: "inventory", port: 7, database: "inventorydb", routes: []string{"/inventory"},
		kinds: []func() *grains.Kind{stock.Kind, warehouse.Kind, sourcing.Kind, transfer.Kind, stocktake.Kind, supplier.Kind, purchase.Kind},
		rows:  []*persistence.Collection{stock.Movements},
		queue: events.Queue{Name: "inventory.events", Bindings: []string{"inventory.updated", "shop.created", "shop.updated", "shop.deleted", "company.deleted"}},
		consume: func(s persistence.Store, a grains.Asker) events.Handler {
			return actors.Each(actors.On(actors.Ledger(s), "inventory.updated"), actors.Sourcings(a), actors.Logistics(s, a))
		},
		keeps: true,
	},
	{
		name: "audit", port: 10, database: "auditdb", routes: []string{"/audit"},
		rows:    []*persistence.Collection{actors.AuditLogs},
		queue:   events.Queue{Name: "audit.events", Bindings: []string{"#"}},
		consume: func(s persistence.Store, _ grains.Asker) events.Handler { return actors.Audit(s) },
		keeps:   true,
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
		if s.queue.Name != "" {
			out = append(out, s.queue)
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
