package rabbit

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	amqp "github.com/rabbitmq/amqp091-go"

	"entrepot/events"
)

// Stats holds counters since the broker was opened.
type Stats struct {
	Published int64 // events accepted by Publish
	Confirmed int64 // of these, confirmed within the timeout
	Delivered int64 // deliveries handed to handlers, retries included
	Acked     int64 // successful deliveries
	Retried   int64 // deliveries postponed for a retry
	Dead      int64 // deliveries that were dead-lettered
}

type counters struct{ published, confirmed, delivered, acked, retried, dead atomic.Int64 }

// Stats returns the current counters.
func (b *Broker) Stats() Stats {
	c := &b.stats
	return Stats{
		Published: c.published.Load(), Confirmed: c.confirmed.Load(), Delivered: c.delivered.Load(),
		Acked: c.acked.Load(), Retried: c.retried.Load(), Dead: c.dead.Load(),
	}
}

// Status queries the server for the declared queues. Unacked covers only this process, because AMQP
// reports no more. Ready includes retries in the delay queues known to this process.
func (b *Broker) Status(ctx context.Context) ([]events.QueueStatus, error) {
	b.mu.Lock()
	declared := append([]events.Queue(nil), b.declared...)
	unacked := map[string]int64{}
	for c := range b.running {
		unacked[c.queue] += c.unacked()
	}
	delays := slices.Collect(maps.Keys(b.known))
	b.mu.Unlock()
	all, err := onAnyChannel(ctx, b, func(ch *amqp.Channel) (all []events.QueueStatus, err error) {
		for _, q := range declared {
			name := b.queueName(q.Name)
			ready, err := readyIn(ch, append(delaysOf(delays, name), name)...)
			if err != nil {
				return nil, err
			}
			dead, err := readyIn(ch, b.deadName(q.Name))
			if err != nil {
				return nil, err
			}
			all = append(all,
				events.QueueStatus{Name: q.Name, Ready: ready, Unacked: unacked[q.Name]},
				events.QueueStatus{Name: events.DeadLetterQueue(q.Name), Ready: dead})
		}
		unrouted, err := readyIn(ch, b.queueName(events.UnroutedQueue))
		return append(all, events.QueueStatus{Name: events.UnroutedQueue, Ready: unrouted}), err
	})
	if err != nil {
		return nil, fmt.Errorf("rabbit: status: %w", err)
	}
	return all, nil
}

func delaysOf(delays []string, queue string) (of []string) {
	for _, name := range delays {
		if strings.HasPrefix(name, queue+".retry.") {
			of = append(of, name)
		}
	}
	return of
}

func readyIn(ch *amqp.Channel, queues ...string) (n int64, err error) {
	for _, name := range queues {
		q, err := ch.QueueDeclarePassive(name, true, false, false, false, nil)
		if err != nil {
			return 0, err
		}
		n += int64(q.Messages)
	}
	return n, nil
}

// DeadLetters reads the first dead letters of a queue, or of "unrouted", and returns them to the
// queue. Concurrent readers get different messages.
func (b *Broker) DeadLetters(ctx context.Context, queue string, limit int) ([]events.DeadLetter, error) {
	name := b.deadName(queue)
	if queue == events.UnroutedQueue {
		name = b.queueName(queue)
	}
	letters, err := onAnyChannel(ctx, b, func(ch *amqp.Channel) ([]events.DeadLetter, error) {
		return peek(ch, name, limit)
	})
	if err != nil {
		return nil, fmt.Errorf("rabbit: dead letters of %s: %w", queue, err)
	}
	return letters, nil
}

// peek takes messages and requeues them together, which preserves their order.
func peek(ch *amqp.Channel, name string, limit int) (letters []events.DeadLetter, err error) {
	var last uint64
	for len(letters) < limit {
		d, ok, getErr := ch.Get(name, false)
		if getErr != nil {
			return nil, getErr
		}
		if !ok {
			break
		}
		last = d.DeliveryTag
		l := events.DeadLetter{Raw: d.Body, Reason: reasonOf(&d)}
		l.Envelope, _ = events.ParseEnvelope(d.Body) // empty if the body was undecodable
		letters = append(letters, l)
	}
	if last > 0 {
		err = ch.Nack(last, true, true)
	}
	return letters, err
}
