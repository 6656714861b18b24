// Package events holds every public event, one file per publishing service, the envelope they
// travel in, and the contracts of the broker and the outbox log. External consumers depend on the
// JSON of this package.
//
// Start reading with [Event] and [Envelope]; [Broker] states the delivery guarantees.
package events

import (
	"encoding/json"
	"time"

	"entrepot"
)

// Event is a change of one entity. The struct is the event's public data and becomes the envelope's
// data. A fact that only the entity itself needs embeds [Private] and is never published.
type Event interface {
	// EventType returns the routing key, such as "order.created"; "" for a private fact.
	EventType() string
}

// Private marks a fact that changes the entity's state and is not published.
type Private struct{}

// EventType returns "", because private facts are not published.
func (Private) EventType() string { return "" }

// Scoped is implemented by events that belong to another tenant than their entity. EventScope
// returns that tenant.
type Scoped interface {
	EventScope() (companyID, shopID entrepot.ID)
}

// Actor identifies the cause of an event: a user, or the platform itself.
type Actor struct {
	UserID    entrepot.ID   `json:"userId,omitempty"`
	Role      entrepot.Role `json:"role"`
	RequestID string        `json:"requestId,omitempty"`
	IP        string        `json:"ipAddress,omitempty"`
	UserAgent string        `json:"userAgent,omitempty"`
}

// Aggregate is the entity an event belongs to. Sequence numbers the events of an entity from 1
// without gaps, so consumers can detect loss and reordering.
type Aggregate struct {
	Kind     string      `json:"kind"`
	ID       entrepot.ID `json:"id"`
	Sequence int64       `json:"sequence"`
}

// Envelope is an event in transit, with its origin, time, tenant and actor.
type Envelope struct {
	ID          entrepot.ID     `json:"eventId"`
	Type        string          `json:"type"`
	Version     int             `json:"version"` // schema version of Data; 1
	OccurredAt  time.Time       `json:"occurredAt"`
	CompanyID   entrepot.ID     `json:"companyId,omitempty"`
	ShopID      entrepot.ID     `json:"shopId,omitempty"`
	Actor       Actor           `json:"actor"`
	TraceParent string          `json:"traceparent,omitempty"` // W3C trace context
	Aggregate   Aggregate       `json:"aggregate"`
	Data        json.RawMessage `json:"data"`
}

// Decode unmarshals the envelope's data into an event struct.
func (e *Envelope) Decode(into Event) error { return json.Unmarshal(e.Data, into) }
