// Package rabbit implements [events.Broker] on RabbitMQ 3.10 or later. Start reading with [Open];
// publisher.go sends, consumer.go receives, topology.go declares exchanges and queues.
//
// Topology: a durable topic exchange carries all events; its alternate exchange leads to the queue
// "unrouted". Each queue is a quorum queue with a quorum queue of dead letters and, created on
// first use, one quorum queue per retry delay, whose messages expire back into the queue. Messages
// that expire or exceed the delivery limit move by at-least-once dead-lettering. A retry or dead
// letter is published and confirmed before the original is acknowledged, so a crash in between
// causes a duplicate but never a loss.
//
// Order: queues have a single active consumer, so first deliveries of an aggregate arrive in order
// across members; when the active consumer leaves, the next member takes over. Within a consumer,
// aggregates are divided among the Concurrency calls.
package rabbit

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"entrepot/events"
)

var (
	errClosed       = errors.New("rabbit: closed")
	errDisconnected = errors.New("rabbit: not connected")
	errFull         = errors.New("rabbit: too many unconfirmed events")
	errLate         = errors.New("rabbit: no confirmation within the timeout")
)

// Options configures a broker. Zero values select the defaults.
type Options struct {
	Name           string        // connection name shown to the server's operator; default "entrepot@host"
	Prefix         string        // of all exchange and queue names, for deployments that share a vhost
	MaxPending     int           // accepted events without a confirmation, default 10,000
	MaxInFlight    int           // of these, sent to the server, default 2,000
	ConfirmTimeout time.Duration // default 10 s
	DialTimeout    time.Duration // for connecting and the handshake, default 5 s
	Heartbeat      time.Duration // default 5 s
	DeliveryLimit  int           // redeliveries after which the server dead-letters an event itself, default 50
	TLS            *tls.Config   // for amqps; default: server name from the URL, system roots
	Logger         *slog.Logger  // default slog.Default()
}

func (o Options) withDefaults() Options {
	if o.Name == "" {
		host, _ := os.Hostname()
		o.Name = "entrepot@" + host
	}
	if o.MaxPending <= 0 {
		o.MaxPending = 10_000
	}
	if o.MaxInFlight <= 0 {
		o.MaxInFlight = 2000
	}
	if o.ConfirmTimeout <= 0 {
		o.ConfirmTimeout = 10 * time.Second
	}
	if o.DialTimeout <= 0 {
		o.DialTimeout = 5 * time.Second
	}
	if o.Heartbeat <= 0 {
		o.Heartbeat = 5 * time.Second
	}
	if o.DeliveryLimit <= 0 {
		o.DeliveryLimit = 50
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

// Broker implements [events.Broker] on two connections, because the server's memory alarm blocks a
// connection that publishes and acknowledgements must continue.
type Broker struct {
	o     Options
	stats counters

	ctx    context.Context // done after Close
	cancel context.CancelFunc
	loops  sync.WaitGroup
	out    *link // declarations and publishing
	in     *link // consuming
	pub    *publisher

	mu       sync.Mutex
	closed   bool
	declared []events.Queue
	delays   map[string]bool // delay queues declared on this connection
	known    map[string]bool // delay queues ever declared by this process
	running  map[*consumer]struct{}
}

var _ events.Broker = (*Broker)(nil)

// Open starts connecting and returns at once, so that members and servers may start in any order.
// An unreachable server is reported by [Broker.Ping] and [Broker.Declare]; Open fails only for an
// invalid URL. The URL's path is the virtual host.
func Open(_ context.Context, url string, o Options) (*Broker, error) {
	if _, err := amqp.ParseURI(url); err != nil {
		return nil, fmt.Errorf("rabbit: %w", err)
	}
	b := &Broker{
		o: o.withDefaults(), delays: map[string]bool{}, known: map[string]bool{},
		running: map[*consumer]struct{}{},
	}
	b.ctx, b.cancel = context.WithCancel(context.Background())
	b.pub = newPublisher(b)
	b.out = newLink(b, url, "publish")
	b.in = newLink(b, url, "consume")
	b.loops.Go(func() { b.out.run(b.publishOn) })
	b.loops.Go(func() { b.in.run(nil) })
	b.loops.Go(b.pub.expireLoop)
	return b, nil
}

// publishOn runs the publisher on a connection until the connection ends.
func (b *Broker) publishOn(conn *amqp.Connection) error {
	b.mu.Lock()
	b.delays = map[string]bool{}
	declared := append([]events.Queue(nil), b.declared...)
	b.mu.Unlock()
	if len(declared) > 0 { // the server may have lost its queues
		if err := onChannel(conn, func(ch *amqp.Channel) error { return b.declareAll(ch, declared) }); err != nil {
			b.warn("redeclaring the queues failed", err)
		}
	}
	return b.pub.serve(conn)
}

// Consume delivers a queue to a handler until Stop or Close. It returns an error if the queue was
// not declared.
func (b *Broker) Consume(queue string, o events.ConsumeOptions, h events.Handler) (events.Subscription, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, errClosed
	}
	for _, q := range b.declared {
		if q.Name == queue {
			c := newConsumer(b, queue, o.WithDefaults(), h)
			b.running[c] = struct{}{}
			go c.run()
			return c, nil
		}
	}
	return nil, fmt.Errorf("rabbit: consume: queue %s is not declared", queue)
}

func (b *Broker) ended(c *consumer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.running, c)
}

// Ping checks the server by opening a channel. It fails at once while disconnected.
func (b *Broker) Ping(ctx context.Context) error {
	conn, _, err := b.out.now()
	if conn == nil {
		return err
	}
	_, err = onChannelUntil(ctx, b, conn, func(*amqp.Channel) (struct{}, error) { return struct{}{}, nil })
	return err
}

// Close stops the consumers and fails pending events.
func (b *Broker) Close() error {
	b.mu.Lock()
	b.closed = true
	stopping := make([]*consumer, 0, len(b.running))
	for c := range b.running {
		stopping = append(stopping, c)
	}
	b.mu.Unlock()
	for _, c := range stopping {
		c.signalStop() // all at once rather than one after the other
	}
	for _, c := range stopping {
		c.Stop()
	}
	b.cancel()
	b.pub.failAll(errClosed)
	b.loops.Wait()
	b.pub.failAll(errClosed)
	return nil
}

// onAnyChannel runs f on a new channel, and again on the next connection if this one is lost meanwhile.
func onAnyChannel[T any](ctx context.Context, b *Broker, f func(*amqp.Channel) (T, error)) (T, error) {
	for {
		conn, err := b.out.connection(ctx)
		if err != nil {
			var zero T
			return zero, err
		}
		answer, err := onChannelUntil(ctx, b, conn, f)
		if err == nil || ctx.Err() != nil || !conn.IsClosed() {
			return answer, err
		}
	}
}

// onChannelUntil runs f on a new channel. The client library's calls take no context: if ctx ends first, f
// keeps running until its connection ends.
func onChannelUntil[T any](
	ctx context.Context, b *Broker, conn *amqp.Connection, f func(*amqp.Channel) (T, error),
) (zero T, err error) {
	type result struct {
		answer T
		err    error
	}
	results := make(chan result, 1)
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return zero, errClosed
	}
	b.loops.Go(func() {
		var r result
		r.err = onChannel(conn, func(ch *amqp.Channel) (err error) {
			r.answer, err = f(ch)
			return err
		})
		results <- r
	})
	b.mu.Unlock()
	select {
	case r := <-results:
		return r.answer, r.err
	case <-ctx.Done():
		return zero, ctx.Err()
	}
}

func onChannel(conn *amqp.Connection, f func(*amqp.Channel) error) error {
	ch, err := conn.Channel()
	if err != nil {
		return err
	}
	defer func() { _ = ch.Close() }()
	return f(ch)
}

func (b *Broker) warn(what string, err error) {
	b.o.Logger.Warn("rabbit: "+what, "error", err)
}
