package actors

import (
	"time"

	"entrepot/events"
	"entrepot/grains"
	"entrepot/persistence"
)

// Inbox is a queue of a service with the handler of its events. A service has several
// inboxes where one kind of work must not delay another.
type Inbox struct {
	events.Queue
	// Consume returns the handler. The store is the service's own database.
	Consume func(store persistence.Store, a grains.Asker) events.Handler
	// Linger is how long a call waits for its batch to fill; 0: not at all.
	// Work without a waiting user is cheapest in large batches.
	Linger time.Duration
	// Batch is the largest batch of an inbox that lingers; 0: 1024.
	Batch int
}

// LingerRows is the Linger of inboxes that write the rows of lists: users see them
// at most this much later.
const LingerRows = 100 * time.Millisecond
