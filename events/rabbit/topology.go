package rabbit

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"entrepot/events"
)

// unlimited is the delivery limit of queues that operators read. RabbitMQ 4 otherwise applies a
// limit of 20 and then drops messages that were read too often.
const unlimited = 1 << 30

func (b *Broker) exchange() string          { return b.o.Prefix + events.Exchange }
func (b *Broker) alternate() string         { return b.exchange() + "." + events.UnroutedQueue }
func (b *Broker) queueName(q string) string { return b.o.Prefix + q }
func (b *Broker) deadName(q string) string  { return b.o.Prefix + events.DeadLetterQueue(q) }
func delayQueue(name string, d time.Duration) (string, int64) {
	ms := max(1, (d + time.Millisecond - 1).Milliseconds())
	return name + ".retry." + strconv.FormatInt(ms, 10), ms
}

// Declare creates the exchange and the queues, waiting for the server until the context ends. After
// each reconnection they are declared again. The server rejects a queue that exists with other
// arguments.
func (b *Broker) Declare(ctx context.Context, queues []events.Queue) error {
	_, err := onAnyChannel(ctx, b, func(ch *amqp.Channel) (struct{}, error) {
		return struct{}{}, b.declareAll(ch, queues)
	})
	if err == nil {
		err = b.pub.waitOnline(ctx)
	}
	if err != nil {
		return fmt.Errorf("rabbit: declare: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, q := range queues {
		b.remember(q)
	}
	return nil
}

func (b *Broker) remember(q events.Queue) {
	for i := range b.declared {
		if b.declared[i].Name == q.Name {
			b.declared[i] = q
			return
		}
	}
	b.declared = append(b.declared, q)
}

func (b *Broker) declareAll(ch *amqp.Channel, queues []events.Queue) error {
	if err := b.declareExchange(ch); err != nil {
		return err
	}
	for _, q := range queues {
		if err := b.declareQueue(ch, q); err != nil {
			return fmt.Errorf("queue %s: %w", q.Name, err)
		}
	}
	return nil
}

func (b *Broker) declareExchange(ch *amqp.Channel) error {
	// The alternate exchange comes first, so that unrouted events are kept from the start.
	if err := ch.ExchangeDeclare(b.alternate(), amqp.ExchangeFanout, true, false, false, false, nil); err != nil {
		return err
	}
	unrouted := b.queueName(events.UnroutedQueue)
	if err := quorum(ch, unrouted, amqp.Table{"x-delivery-limit": unlimited}); err != nil {
		return err
	}
	if err := ch.QueueBind(unrouted, "", b.alternate(), false, nil); err != nil {
		return err
	}
	return ch.ExchangeDeclare(b.exchange(), amqp.ExchangeTopic, true, false, false, false,
		amqp.Table{"alternate-exchange": b.alternate()})
}

func (b *Broker) declareQueue(ch *amqp.Channel, q events.Queue) error {
	// The dead-letter queue comes first, so that the queue is never without one.
	if err := quorum(ch, b.deadName(q.Name), amqp.Table{"x-delivery-limit": unlimited}); err != nil {
		return err
	}
	args := deadLetterTo(b.deadName(q.Name))
	args["x-delivery-limit"] = b.o.DeliveryLimit
	args["x-single-active-consumer"] = true
	if err := quorum(ch, b.queueName(q.Name), args); err != nil {
		return err
	}
	for _, pattern := range q.Bindings {
		if err := ch.QueueBind(b.queueName(q.Name), pattern, b.exchange(), false, nil); err != nil {
			return err
		}
	}
	return nil
}

// declareDelay declares the queue in which retries wait for one length of delay, unless this
// connection has declared it already.
func (b *Broker) declareDelay(ctx context.Context, queue string, delay time.Duration) (string, error) {
	name, ms := delayQueue(b.queueName(queue), delay)
	b.mu.Lock()
	have := b.delays[name]
	b.mu.Unlock()
	if have {
		return name, nil
	}
	args := deadLetterTo(b.queueName(queue))
	args["x-message-ttl"] = ms
	args["x-delivery-limit"] = unlimited
	_, err := onAnyChannel(ctx, b, func(ch *amqp.Channel) (struct{}, error) {
		return struct{}{}, quorum(ch, name, args)
	})
	if err == nil {
		b.mu.Lock()
		b.delays[name], b.known[name] = true, true
		b.mu.Unlock()
	}
	return name, err
}

// deadLetterTo returns the arguments that move expired and rejected messages to a queue, directly
// and without loss.
func deadLetterTo(queue string) amqp.Table {
	return amqp.Table{
		"x-dead-letter-exchange":    "",
		"x-dead-letter-routing-key": queue,
		"x-dead-letter-strategy":    "at-least-once",
		"x-overflow":                "reject-publish", // at-least-once requires it
	}
}

func quorum(ch *amqp.Channel, name string, more amqp.Table) error {
	args := amqp.Table{"x-queue-type": "quorum"}
	maps.Copy(args, more)
	_, err := ch.QueueDeclare(name, true, false, false, false, args)
	return err
}
