package services

import (
	"entrepot/actors"
	"entrepot/actors/ecommerce"
	"entrepot/actors/ecommerce/images"
	"entrepot/actors/ecommerce/importer"
	"entrepot/events"
	"entrepot/persistence"
)

// ecommerceInboxes are those of the service's actors, and two whose handlers need the blobs
// and caches of the service's routes.
func ecommerceInboxes() []Inbox {
	return append(consume(ecommerce.Inboxes()),
		Inbox{
			Inbox: actors.Inbox{Queue: events.Queue{
				Name: "product.imports", Bindings: []string{"import.due", "import.ended", "company.deleted"},
			}},
			Work: func(d Deps, s persistence.Store) events.Handler {
				return importer.New(importer.Config{
					Asker: d.Asker, Store: s, Blobs: d.Blobs, Changed: d.Lists.Invalidate, Now: d.Now,
				}).Handle
			},
		},
		Inbox{
			Inbox: actors.Inbox{Queue: events.Queue{Name: "product.images", Bindings: []string{"product.deleted"}}},
			Work:  func(d Deps, _ persistence.Store) events.Handler { return images.Forget(d.Blobs) },
		})
}

// consume returns the inboxes of a service's actors as inboxes of the table.
func consume(all []actors.Inbox) []Inbox {
	out := make([]Inbox, len(all))
	for i := range all {
		out[i].Inbox = all[i]
	}
	return out
}
