package rabbit

import (
	"context"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"entrepot/events"
)

// forwarding is a delivery that is published to another queue before it is acknowledged.
type forwarding struct {
	d  *amqp.Delivery
	to func(context.Context, *amqp.Delivery) (message, error)
}

// failed returns the destination of a delivery after its handler returned err: a delay queue, or
// the dead letters.
func (c *consumer) failed(attempt int, err error) func(context.Context, *amqp.Delivery) (message, error) {
	if events.IsPermanent(err) || attempt >= c.o.MaxAttempts {
		c.b.stats.dead.Add(1)
		return c.bury(err)
	}
	c.b.stats.retried.Add(1)
	return func(ctx context.Context, d *amqp.Delivery) (message, error) {
		queue, err := c.b.declareDelay(ctx, c.queue, c.o.Delay(attempt))
		return c.b.retryMessage(d, queue, attempt+1), err
	}
}

func (c *consumer) bury(reason error) func(context.Context, *amqp.Delivery) (message, error) {
	return func(_ context.Context, d *amqp.Delivery) (message, error) {
		return c.b.deadMessage(d, c.queue, reason), nil
	}
}

// forward publishes deliveries to other queues and acknowledges each one when its copy is
// confirmed. It retries until it succeeds or the session ends, after which the deliveries return; a
// stopping consumer makes one more attempt.
func (s *session) forward(all []forwarding) {
	for len(all) > 0 {
		remaining := s.forwardOnce(all)
		if len(remaining) == 0 {
			return
		}
		all = remaining
		select {
		case <-time.After(minPause):
		case <-s.sessionCtx.Done():
			return
		}
	}
}

// forwardOnce returns the deliveries whose copies were not confirmed.
func (s *session) forwardOnce(all []forwarding) (remaining []forwarding) {
	ctx, cancel := context.WithTimeout(s.b.ctx, s.b.o.ConfirmTimeout)
	defer cancel()
	results := make([]chan error, len(all))
	for i, f := range all {
		results[i] = make(chan error, 1)
		m, err := f.to(ctx, f.d)
		if err == nil {
			err = s.b.pub.submit([]message{m}, func(err error) { results[i] <- err })
		}
		if err != nil {
			results[i] <- err
		}
	}
	var done []uint64
	for i, f := range all {
		if err := <-results[i]; err != nil {
			s.b.warn("moving an event of "+s.queue+" to its retry or dead-letter queue failed", err)
			remaining = append(remaining, f)
			continue
		}
		done = append(done, f.d.DeliveryTag)
	}
	s.settle(done)
	return remaining
}
