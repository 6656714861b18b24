package rabbit

import (
	"context"
	"errors"
	"hash/maphash"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"entrepot/events"
)

// maxPrefetch is the largest value of the protocol's 16-bit field.
const maxPrefetch = 1<<16 - 1

// consumer is one subscription. It outlives connections and has one session on each. A session ends
// completely before the next begins, so that no call runs in parallel with a redelivery of its own
// events.
type consumer struct {
	b     *Broker
	queue string
	o     events.ConsumeOptions
	h     events.Handler
	seed  maphash.Seed

	session atomic.Pointer[session]
	ctx     context.Context // done after Stop
	stop    context.CancelFunc
	ended   chan struct{}
}

func newConsumer(b *Broker, queue string, o events.ConsumeOptions, h events.Handler) *consumer {
	c := &consumer{b: b, queue: queue, o: o, h: h, seed: maphash.MakeSeed(), ended: make(chan struct{})}
	c.ctx, c.stop = context.WithCancel(b.ctx)
	return c
}

// Stop ends deliveries and waits for the running calls and their acknowledgements. Prefetched
// deliveries return to the queue.
func (c *consumer) Stop() {
	c.signalStop()
	<-c.ended
}

func (c *consumer) signalStop() { c.stop() }

func (c *consumer) run() {
	defer close(c.ended)
	defer c.b.ended(c)
	pause := minPause
	for {
		conn, err := c.b.in.connection(c.ctx)
		if err != nil {
			return
		}
		began := time.Now()
		err = c.serve(conn)
		if c.ctx.Err() != nil {
			return
		}
		c.b.warn("consuming from "+c.queue+" was interrupted", err)
		if time.Since(began) > stableAfter {
			pause = minPause
		}
		if !conn.IsClosed() { // the connection is not to blame: back off
			select {
			case <-time.After(pause/2 + rand.N(pause/2)): //nolint:gosec // jitter
			case <-c.ctx.Done():
			}
			pause = min(2*pause, maxPause)
		}
	}
}

// session is a consumer's work on one channel.
type session struct {
	*consumer
	tags       *acker
	inbox      []chan item // one per worker
	sessionCtx context.Context
}

// item is a delivery within a session.
type item struct {
	*events.Delivery
	raw *amqp.Delivery
}

// serve consumes on one connection until the connection is lost or the consumer stops.
func (c *consumer) serve(conn *amqp.Connection) error {
	ch, err := conn.Channel()
	if err != nil {
		return err
	}
	defer func() { _ = ch.Close() }()
	closed := ch.NotifyClose(make(chan *amqp.Error, 1))
	prefetch := min(2*c.o.Batch*c.o.Concurrency, maxPrefetch)
	if err := ch.Qos(prefetch, 0, false); err != nil {
		return err
	}
	deliveries, err := ch.Consume(c.b.queueName(c.queue), "", false, false, false, false, nil)
	if err != nil {
		return err
	}
	sessionCtx, end := context.WithCancel(c.ctx)
	s := &session{
		consumer: c, sessionCtx: sessionCtx,
		tags:  &acker{ack: ch.Ack, window: prefetch},
		inbox: make([]chan item, c.o.Concurrency),
	}
	c.session.Store(s)
	var workers sync.WaitGroup
	for i := range s.inbox {
		s.inbox[i] = make(chan item, prefetch) // never full: the server sends no more than the prefetch
		workers.Go(func() { s.work(s.inbox[i]) })
	}
	s.receive(deliveries)
	end()
	workers.Wait()
	c.session.Store(nil)
	select {
	case err := <-closed:
		if err != nil {
			return err
		}
	default:
	}
	return errors.New("the server cancelled the consumer")
}

// receive passes deliveries to the workers of their aggregates.
func (s *session) receive(deliveries <-chan amqp.Delivery) {
	for {
		select {
		case d, ok := <-deliveries:
			if !ok {
				return
			}
			s.receiveOne(&d)
		case <-s.sessionCtx.Done():
			return
		}
	}
}

func (s *session) receiveOne(d *amqp.Delivery) {
	s.tags.delivered(d.DeliveryTag)
	env, err := events.ParseEnvelope(d.Body)
	if err != nil {
		s.b.stats.dead.Add(1)
		s.forward([]forwarding{{d, s.bury(err)}})
		return
	}
	share := maphash.Comparable(s.seed, [2]string{env.Aggregate.Kind, env.Aggregate.ID})
	s.inbox[share%uint64(len(s.inbox))] <- item{&events.Delivery{Envelope: env, Attempt: attempt(d), Body: d.Body}, d}
}

// work calls the handler with the items that have arrived, batch by batch.
func (s *session) work(inbox <-chan item) {
	for s.sessionCtx.Err() == nil {
		select {
		case it := <-inbox:
			s.handle(events.Collect(it, inbox, s.o, s.sessionCtx.Done()))
		case <-s.sessionCtx.Done():
		}
	}
}

// handle calls the handler, acknowledges the successful deliveries and forwards the failed ones.
func (s *session) handle(batch []item) {
	deliveries := make([]*events.Delivery, len(batch))
	for i := range batch {
		deliveries[i] = batch[i].Delivery
	}
	s.b.stats.delivered.Add(int64(len(batch)))
	var done []uint64
	var failed []forwarding
	for i, err := range events.Handle(s.h, deliveries, s.o.Timeout) {
		if err == nil {
			done = append(done, batch[i].raw.DeliveryTag)
		} else {
			failed = append(failed, forwarding{batch[i].raw, s.failed(batch[i].Attempt, err)})
		}
	}
	s.b.stats.acked.Add(int64(len(done)))
	s.settle(done)
	s.forward(failed)
}

// settle acknowledges deliveries. If it fails, the channel is gone and they will be redelivered.
func (s *session) settle(tags []uint64) {
	if len(tags) == 0 {
		return
	}
	if err := s.tags.settle(tags); err != nil && s.sessionCtx.Err() == nil {
		s.b.warn("acknowledging deliveries of "+s.queue+" failed", err)
	}
}

// unacked returns the number of the queue's deliveries that this process holds.
func (c *consumer) unacked() int64 {
	if s := c.session.Load(); s != nil {
		return int64(s.tags.holding())
	}
	return 0
}
