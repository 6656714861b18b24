package rabbit

import (
	"context"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"entrepot/events"
)

// forwarding is a delivery that goes to another queue before it is acknowledged.
type forwarding struct {
	d  *amqp.Delivery
	to func(context.Context, *amqp.Delivery) (message, error)
}

// failed says where a delivery goes whose handler answered an error.
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

// forward publishes deliveries elsewhere and acknowledges each when its copy is
// confirmed. It tries until that is so or the session is over, when all comes again;
// a consumer that is stopping gives it one more try.
func (s *session) forward(all []forwarding) {
	for len(all) > 0 {
		again := s.forwardOnce(all)
		if len(again) == 0 {
			return
		}
		all = again
		select {
		case <-time.After(minPause):
		case <-s.over.Done():
			return
		}
	}
}

// forwardOnce answers those that did not get through.
func (s *session) forwardOnce(all []forwarding) (again []forwarding) {
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
			s.b.warn("putting off or giving up an event of "+s.queue+" failed", err)
			again = append(again, f)
			continue
		}
		done = append(done, f.d.DeliveryTag)
	}
	s.settle(done)
	return again
}
