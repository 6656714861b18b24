// Package rabbit is the broker on RabbitMQ 3.10 or later.
//
// Topology: the durable topic exchange of all events with an alternate exchange to
// the queue "unrouted"; for each queue a quorum queue, a quorum queue of dead
// letters, and, when first needed, one quorum queue for each length of delay, whose
// messages expire back into the queue. What expires or exceeds the delivery limit
// moves by at-least-once dead-lettering. A retry or a dead letter is published and
// confirmed before the original is acknowledged: a crash between makes a
// duplicate, never a loss.
//
// Order: the queues have a single active consumer, so the first deliveries of one
// aggregate come in order across members; the next member takes over when the
// active one leaves. Within a consumer Concurrency divides the aggregates among
// the calls.
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
	errClosed = errors.New("rabbit: closed")
	errAway   = errors.New("rabbit: not connected")
	errFull   = errors.New("rabbit: too many events wait for their confirm")
	errLate   = errors.New("rabbit: no confirm in time")
)

// Options of a broker. Zero values mean the defaults.
type Options struct {
	Name           string        // of the connections, as the server's operator sees it; default "entrepot@host"
	Prefix         string        // before every exchange and queue name, where deployments share a vhost
	MaxPending     int           // published events without a confirm, default 10,000
	MaxInFlight    int           // of these, on their way at a time, default 2,000
	ConfirmTimeout time.Duration // default 10 s
	DialTimeout    time.Duration // of connection and handshake, default 5 s
	Heartbeat      time.Duration // default 5 s
	DeliveryLimit  int           // redeliveries after which the server itself gives an event up, default 50
	TLS            *tls.Config   // for amqps; default: the server's name from the URL and the system's roots
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

// Broker implements [events.Broker] on two connections: a memory alarm of the
// server stops one that publishes, and must not stop acknowledgements with it.
type Broker struct {
	o     Options
	stats counters

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	loops  sync.WaitGroup
	out    *link // declares and publishes
	in     *link // consumes
	pub    *publisher

	mu       sync.Mutex
	closed   bool
	declared []events.Queue
	delays   map[string]bool // the delay queues declared on this connection
	known    map[string]bool // the delay queues this process ever declared
	running  map[*consumer]struct{}
}

var _ events.Broker = (*Broker)(nil)

// Open starts to connect and returns at once: a server that is away is an error of
// [Broker.Ping] and [Broker.Declare], not of Open, so that members and servers may
// start in any order. Only an URL that is none is refused. The virtual host is the
// URL's path. The context bounds the opening only.
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

// publishOn serves publishers as long as a connection lives.
func (b *Broker) publishOn(conn *amqp.Connection) error {
	b.mu.Lock()
	b.delays = map[string]bool{}
	declared := append([]events.Queue(nil), b.declared...)
	b.mu.Unlock()
	if len(declared) > 0 { // the server may have lost what it knew
		if err := onChannel(conn, func(ch *amqp.Channel) error { return b.declareAll(ch, declared) }); err != nil {
			b.warn("declaring again failed", err)
		}
	}
	return b.pub.serve(conn)
}

// Consume delivers a queue to a handler until Stop or Close.
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
	return nil, fmt.Errorf("rabbit: consume %s: not declared", queue)
}

func (b *Broker) ended(c *consumer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.running, c)
}

// Ping opens a channel, which asks the server; away is away, without waiting.
func (b *Broker) Ping(ctx context.Context) error {
	conn, _, err := b.out.now()
	if conn == nil {
		return err
	}
	_, err = askOn(ctx, b, conn, func(*amqp.Channel) (struct{}, error) { return struct{}{}, nil })
	return err
}

// Close stops the consumers, and answers pending events with an error.
func (b *Broker) Close() error {
	b.mu.Lock()
	b.closed = true
	stopping := make([]*consumer, 0, len(b.running))
	for c := range b.running {
		stopping = append(stopping, c)
	}
	b.mu.Unlock()
	for _, c := range stopping {
		c.signalStop() // all at once, not one after the other
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

// ask runs f on a channel of its own, on the next connection if this one is lost
// meanwhile.
func ask[T any](ctx context.Context, b *Broker, f func(*amqp.Channel) (T, error)) (T, error) {
	for {
		conn, err := b.out.connection(ctx)
		if err != nil {
			var none T
			return none, err
		}
		answer, err := askOn(ctx, b, conn, f)
		if err == nil || ctx.Err() != nil || !conn.IsClosed() {
			return answer, err
		}
	}
}

// askOn runs f on a channel of its own. The client library's calls know no context:
// when ctx ends first, f is left to end with its connection.
func askOn[T any](ctx context.Context, b *Broker, conn *amqp.Connection, f func(*amqp.Channel) (T, error)) (none T, err error) {
	type result struct {
		answer T
		err    error
	}
	results := make(chan result, 1)
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return none, errClosed
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
		return none, ctx.Err()
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
