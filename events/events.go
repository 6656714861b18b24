// Package events holds every public event, one file for each publishing service,
// the envelope they travel in, the topology of exchange and queues, and the
// contract of a broker. External consumers are users of this package's JSON.
package events

import (
	"encoding/json"
	"time"

	"entrepot"
)

// Event is one thing that happened to one entity. The struct is its public data,
// marshalled as the envelope's data. A fact that only the entity itself needs
// embeds [Private] and never leaves it.
type Event interface {
	// EventType is the routing key, "order.created"; empty for a private fact.
	EventType() string
}

// Private marks a fact that changes the entity's state and is not published.
type Private struct{}

// EventType of a private fact is empty.
func (Private) EventType() string { return "" }

// Scoped is implemented by events whose tenant is not the entity's own.
type Scoped interface {
	EventScope() (companyID, shopID entrepot.ID)
}

// Actor is who caused an event.
type Actor struct {
	UserID    entrepot.ID   `json:"userId,omitempty"`
	Role      entrepot.Role `json:"role"`
	RequestID string        `json:"requestId,omitempty"`
	IP        string        `json:"ipAddress,omitempty"`
	UserAgent string        `json:"userAgent,omitempty"`
}

// Aggregate is the entity an event belongs to. Sequence counts the events of one
// entity from 1 without gap, so a consumer can tell order and loss.
type Aggregate struct {
	Kind     string      `json:"kind"`
	ID       entrepot.ID `json:"id"`
	Sequence int64       `json:"sequence"`
}

// Envelope is an event on its way: what happened, to what, when, by whom.
type Envelope struct {
	ID          entrepot.ID     `json:"eventId"`
	Type        string          `json:"type"`
	Version     int             `json:"version"` // of the data's schema; 1
	OccurredAt  time.Time       `json:"occurredAt"`
	CompanyID   entrepot.ID     `json:"companyId,omitempty"`
	ShopID      entrepot.ID     `json:"shopId,omitempty"`
	Actor       Actor           `json:"actor"`
	TraceParent string          `json:"traceparent,omitempty"` // W3C trace context
	Aggregate   Aggregate       `json:"aggregate"`
	Data        json.RawMessage `json:"data"`
}

// Decode reads the envelope's data into an event's struct.
func (e *Envelope) Decode(into Event) error { return json.Unmarshal(e.Data, into) }
