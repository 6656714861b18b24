package rabbit

import (
	"encoding/json"
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"

	"entrepot/events"
)

// Headers of published messages.
const (
	headerKind     = "aggregate-kind"
	headerID       = "aggregate-id"
	headerSequence = "aggregate-sequence"
	headerAttempt  = "x-attempt" // attempt number of the next delivery, from 2
	headerReason   = "x-reason"  // reason of a dead letter
)

const (
	maxKey    = 255  // bytes of a routing key, limited by the protocol
	maxReason = 2000 // bytes of a reason, so that the header fits into one frame
)

// message is an AMQP publishing with its destination.
type message struct {
	exchange, key string
	amqp.Publishing
}

// encode returns the messages of a batch.
func (b *Broker) encode(batch []events.Envelope) ([]message, error) {
	all := make([]message, len(batch))
	for i := range batch {
		e := &batch[i]
		if e.Type == "" || len(e.Type) > maxKey {
			return nil, fmt.Errorf("rabbit: event %s: the type has %d bytes, want 1 to %d", e.ID, len(e.Type), maxKey)
		}
		body, err := json.Marshal(e)
		if err != nil {
			return nil, fmt.Errorf("rabbit: event %s: %w", e.ID, err)
		}
		all[i] = message{exchange: b.exchange(), key: e.Type, Publishing: amqp.Publishing{
			ContentType: "application/json", DeliveryMode: amqp.Persistent,
			MessageId: e.ID, Type: e.Type, Timestamp: e.OccurredAt,
			Headers: amqp.Table{
				headerKind: e.Aggregate.Kind, headerID: e.Aggregate.ID, headerSequence: e.Aggregate.Sequence,
			},
			Body: body,
		}}
	}
	return all, nil
}

// forwarded returns a delivery's message for another queue, with one additional header. It drops the
// server's own headers (x-death …).
func forwarded(d *amqp.Delivery, queue, header string, value any) message {
	headers := amqp.Table{header: value}
	for _, name := range []string{headerKind, headerID, headerSequence} {
		if v, ok := d.Headers[name]; ok {
			headers[name] = v
		}
	}
	return message{key: queue, Publishing: amqp.Publishing{
		ContentType: d.ContentType, DeliveryMode: amqp.Persistent,
		MessageId: d.MessageId, Type: d.Type, Timestamp: d.Timestamp,
		Headers: headers, Body: d.Body,
	}}
}

func (b *Broker) retryMessage(d *amqp.Delivery, delayQueue string, nextAttempt int) message {
	return forwarded(d, delayQueue, headerAttempt, int32(nextAttempt)) //nolint:gosec // small
}

func (b *Broker) deadMessage(d *amqp.Delivery, queue string, reason error) message {
	text := reason.Error()
	return forwarded(d, b.deadName(queue), headerReason, text[:min(len(text), maxReason)])
}

// attempt returns the attempt number of a delivery: its header, or 1 for a message directly from
// the exchange.
func attempt(d *amqp.Delivery) int {
	if n, ok := d.Headers[headerAttempt].(int32); ok && n > 0 {
		return int(n)
	}
	return 1
}

// reasonOf returns the reason why a message was dead-lettered or unrouted.
func reasonOf(d *amqp.Delivery) string {
	if text, ok := d.Headers[headerReason].(string); ok {
		return text
	}
	if why, ok := d.Headers["x-first-death-reason"].(string); ok {
		return "given up by the server: " + why
	}
	return "no queue is bound to " + d.RoutingKey
}
