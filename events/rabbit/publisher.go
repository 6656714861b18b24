package rabbit

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"entrepot/events"
)

var (
	errNacked   = errors.New("rabbit: the server rejected an event")
	errReturned = errors.New("rabbit: no queue matches the routing key")
)

// expireEvery is the interval of the confirm-timeout check, and so its accuracy.
const expireEvery = 250 * time.Millisecond

// job is one batch that waits for its confirmations.
type job struct {
	msgs     []message
	done     func(error)
	deadline time.Time
	left     int   // messages without a confirmation
	err      error // failure of a message, reported when all are confirmed
	finished bool  // done was called
}

// publisher sends jobs in order over one channel, with many unconfirmed at a time. The result of a
// job is final: a confirmation that arrives after an error is ignored, the caller publishes again
// and consumers see a duplicate.
type publisher struct {
	b *Broker

	mu      sync.Mutex
	online  bool
	up      chan struct{} // closed while online
	waiting []*job        // not sent yet
	all     []*job        // unfinished, oldest first; finished jobs are removed at the front
	pending int           // number of events in unfinished jobs
	flying  []flight      // sent on this channel and not confirmed, in order
	wake    *sync.Cond    // signals work, room in the window, or going offline
}

// flight is one message that was sent and is not yet confirmed.
type flight struct {
	j *job
	m *message
}

func newPublisher(b *Broker) *publisher {
	p := &publisher{b: b, up: make(chan struct{})}
	p.wake = sync.NewCond(&p.mu)
	return p
}

// Publish sends events of one aggregate. It calls done once: with nil when the server has stored
// all of them on disk. While disconnected, above MaxPending and after Close it calls done with an
// error before it returns, so done must not block.
func (b *Broker) Publish(batch []events.Envelope, done func(error)) {
	if len(batch) == 0 {
		done(nil)
		return
	}
	msgs, err := b.encode(batch)
	if err == nil {
		n := int64(len(batch))
		err = b.pub.submit(msgs, func(err error) {
			if err == nil {
				b.stats.confirmed.Add(n)
			}
			done(err)
		})
		if err == nil {
			b.stats.published.Add(n)
		}
	}
	if err != nil {
		done(err)
	}
}

// submit queues messages. If it returns an error, done is not called.
func (p *publisher) submit(msgs []message, done func(error)) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.b.ctx.Err() != nil:
		return errClosed
	case !p.online:
		return errDisconnected
	case p.pending+len(msgs) > p.b.o.MaxPending:
		return errFull
	}
	j := &job{msgs: msgs, done: done, left: len(msgs), deadline: time.Now().Add(p.b.o.ConfirmTimeout)}
	p.pending += len(msgs)
	p.waiting = append(p.waiting, j)
	p.all = append(p.all, j)
	p.wake.Broadcast()
	return nil
}

// serve publishes on one connection until it is lost. Every unfinished job then fails, because it
// is unknown which of its messages the server has stored.
func (p *publisher) serve(conn *amqp.Connection) error {
	ch, err := conn.Channel()
	if err != nil {
		return err
	}
	defer func() { _ = ch.Close() }()
	if err := ch.Confirm(false); err != nil {
		return err
	}
	// The channels are unbuffered and read by one goroutine, which preserves the server's order: a
	// message's return precedes its confirmation.
	confirms := ch.NotifyPublish(make(chan amqp.Confirmation))
	returns := ch.NotifyReturn(make(chan amqp.Return))
	closed := ch.NotifyClose(make(chan *amqp.Error, 1))
	p.setOnline(true)
	ended := make(chan error, 1)
	go func() { ended <- p.listen(confirms, returns, closed) }()
	sendErr := p.send(ch)
	_ = ch.Close() // ends listen if send ended for another reason
	err = <-ended
	p.failAll(errDisconnected)
	return errors.Join(sendErr, err)
}

func (p *publisher) setOnline(yes bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if yes {
		close(p.up)
	} else {
		p.up = make(chan struct{})
	}
	p.online, p.flying = yes, nil
	p.wake.Broadcast()
}

// waitOnline waits until the publisher accepts events.
func (p *publisher) waitOnline(ctx context.Context) error {
	p.mu.Lock()
	up := p.up
	p.mu.Unlock()
	select {
	case <-up:
		return nil
	case <-p.b.ctx.Done():
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// send writes waiting jobs to the channel until the publisher goes offline.
func (p *publisher) send(ch *amqp.Channel) error {
	for {
		batch := p.take()
		if batch == nil {
			return nil
		}
		for _, f := range batch {
			if err := ch.PublishWithContext(p.b.ctx, f.m.exchange, f.m.key, true, false, f.m.Publishing); err != nil {
				return fmt.Errorf("publish: %w", err)
			}
		}
	}
}

// take waits for messages and for room in the window, and records them as in flight. It returns nil
// when offline.
func (p *publisher) take() (batch []flight) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.online && (len(p.waiting) == 0 || len(p.flying) >= p.b.o.MaxInFlight) {
		p.wake.Wait()
	}
	if !p.online {
		return nil
	}
	for len(p.waiting) > 0 && len(p.flying) < p.b.o.MaxInFlight {
		j := p.waiting[0]
		p.waiting = p.waiting[1:]
		if j.finished { // already timed out
			continue
		}
		for i := range j.msgs {
			f := flight{j, &j.msgs[i]}
			batch, p.flying = append(batch, f), append(p.flying, f)
		}
	}
	if batch == nil {
		batch = []flight{}
	}
	return batch
}

// listen handles confirmations and returns until the channel closes, then takes the publisher
// offline.
func (p *publisher) listen(
	confirms <-chan amqp.Confirmation, returns <-chan amqp.Return, closed <-chan *amqp.Error,
) error {
	defer p.setOnline(false)
	for confirms != nil || returns != nil {
		select {
		case c, ok := <-confirms:
			if !ok {
				confirms = nil
				continue
			}
			p.confirmed(c.Ack)
		case r, ok := <-returns:
			if !ok {
				returns = nil
				continue
			}
			p.returned(&r)
		}
	}
	if err := <-closed; err != nil {
		return err
	}
	return nil
}

// confirmed settles the oldest message in flight; the library delivers confirmations in the order
// of publishing.
func (p *publisher) confirmed(ack bool) {
	p.mu.Lock()
	if len(p.flying) == 0 {
		p.mu.Unlock()
		return
	}
	j := p.flying[0].j
	p.flying = p.flying[1:]
	p.wake.Broadcast()
	if !ack && j.err == nil {
		j.err = errNacked
	}
	j.left--
	last := j.left == 0 && p.finish(j)
	p.mu.Unlock()
	if last {
		j.done(j.err)
	}
}

// returned records that a message in flight matched no queue.
func (p *publisher) returned(r *amqp.Return) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.flying {
		if f.m.MessageId == r.MessageId && f.m.exchange == r.Exchange && f.m.key == r.RoutingKey {
			f.j.err = fmt.Errorf("%w: %s", errReturned, r.RoutingKey)
			return
		}
	}
}

// finish marks a job as finished. It returns false if it already was.
func (p *publisher) finish(j *job) bool {
	if j.finished {
		return false
	}
	j.finished = true
	p.pending -= len(j.msgs)
	for len(p.all) > 0 && p.all[0].finished {
		p.all[0] = nil
		p.all = p.all[1:]
	}
	return true
}

// failAll fails every unfinished job with err.
func (p *publisher) failAll(err error) {
	p.failUntil(time.Time{}, err)
}

// failUntil fails the jobs whose deadline is before now; a zero now means all jobs.
func (p *publisher) failUntil(now time.Time, err error) {
	p.mu.Lock()
	var late []*job
	for _, j := range p.all {
		if !j.finished && (now.IsZero() || j.deadline.Before(now)) {
			late = append(late, j)
		}
	}
	for _, j := range late {
		p.finish(j)
	}
	if now.IsZero() {
		p.waiting = nil
	}
	p.mu.Unlock()
	for _, j := range late {
		j.done(err)
	}
}

func (p *publisher) expireLoop() {
	tick := time.NewTicker(expireEvery)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			p.failUntil(now, errLate)
		case <-p.b.ctx.Done():
			return
		}
	}
}
