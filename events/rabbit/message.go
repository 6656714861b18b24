package rabbit

import (
	"encoding/json"
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"

	"entrepot/events"
)

// The headers of our messages.
const (
	headerKind     = "aggregate-kind"
	headerID       = "aggregate-id"
	headerSequence = "aggregate-sequence"
	headerAttempt  = "x-attempt" // of the delivery to come, from 2
	headerReason   = "x-reason"  // of a dead letter
)

const (
	maxKey    = 255  // bytes of a routing key, by the protocol
	maxReason = 2000 // bytes of a reason; a header must fit into one frame
)

// message is one publishing with its address.
type message struct {
	exchange, key string
	amqp.Publishing
}

// encode makes the messages of a batch.
func (b *Broker) encode(batch []events.Envelope) ([]message, error) {
	all := make([]message, len(batch))
	for i := range batch {
		e := &batch[i]
		if e.Type == "" || len(e.Type) > maxKey {
			return nil, fmt.Errorf("rabbit: event %s: a type of %d bytes is no routing key", e.ID, len(e.Type))
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

// onward is a delivery's message on its way to another queue, with one header more.
// The server's own headers (x-death …) are left behind.
func onward(d *amqp.Delivery, queue, header string, value any) message {
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
	return onward(d, delayQueue, headerAttempt, int32(nextAttempt)) //nolint:gosec // small
}

func (b *Broker) deadMessage(d *amqp.Delivery, queue string, reason error) message {
	text := reason.Error()
	return onward(d, b.deadName(queue), headerReason, text[:min(len(text), maxReason)])
}

// attempt of a delivery: what we wrote, 1 for a message fresh from the exchange.
func attempt(d *amqp.Delivery) int {
	if n, ok := d.Headers[headerAttempt].(int32); ok && n > 0 {
		return int(n)
	}
	return 1
}

// reasonOf says why a message is in a queue of dead letters.
func reasonOf(d *amqp.Delivery) string {
	if text, ok := d.Headers[headerReason].(string); ok {
		return text
	}
	if why, ok := d.Headers["x-first-death-reason"].(string); ok {
		return "given up by the server: " + why
	}
	return "no queue is bound to " + d.RoutingKey
}
