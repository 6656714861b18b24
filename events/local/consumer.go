package local

import (
	"context"
	"hash/maphash"
	"sync"
	"time"

	"entrepot/events"
)

// maxOpen limits the entries of one log that a queue has handed out above its cursor. It is reached
// when one delivery takes very long while others are settled.
const maxOpen = 100_000

// item is a delivery within a consumer.
type item struct {
	*events.Delivery
	log   string
	seq   int64
	first *progress // of a first delivery; nil for a retry
} // progress of a first delivery; nil for a retry

// consumer is one subscription. run is its puller; each concurrent call has a worker with its own
// share of the aggregates.
type consumer struct {
	b     *Broker
	q     *queue
	o     events.ConsumeOptions
	h     events.Handler
	inbox []chan item // one per worker
	seed  maphash.Seed

	settled chan struct{} // signalled when a cursor has moved; capacity 1
	stop    sync.Once
	quit    chan struct{}
	ended   chan struct{}
}

func newConsumer(b *Broker, q *queue, o events.ConsumeOptions, h events.Handler) *consumer {
	c := &consumer{
		b: b, q: q, o: o, h: h, seed: maphash.MakeSeed(),
		inbox:   make([]chan item, o.Concurrency),
		settled: make(chan struct{}, 1),
		quit:    make(chan struct{}), ended: make(chan struct{}),
	}
	for i := range c.inbox {
		c.inbox[i] = make(chan item, 2*o.Batch)
	}
	return c
}

// Stop ends deliveries and waits for the running calls and their acknowledgements.
func (c *consumer) Stop() {
	c.signalStop()
	<-c.ended
}

func (c *consumer) signalStop() { c.stop.Do(func() { close(c.quit) }) }

// run waits for the queue's turn, serves the queue, and releases the turn.
func (c *consumer) run() {
	defer close(c.ended)
	defer c.b.ended(c)
	select {
	case c.q.turn <- struct{}{}:
	case <-c.quit:
		return
	}
	c.q.running.Store(true)
	var workers sync.WaitGroup
	for _, inbox := range c.inbox {
		workers.Go(func() { c.work(inbox) })
	}
	c.pull()
	workers.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), c.o.Timeout)
	defer cancel()
	if err := c.b.writer.do(ctx, op{sync: true}); err != nil {
		c.b.warn("saving acknowledgements failed, events will be delivered again", c.q.name, err)
	}
	c.release()
}

// release makes deliveries that were handed out and not handled available again and ends the turn.
func (c *consumer) release() {
	feeds := c.b.allFeeds()
	for _, f := range feeds {
		f.progressOf(c.q).rewind()
	}
	c.q.retries.rewind()
	c.q.running.Store(false)
	<-c.q.turn
	for _, f := range feeds {
		signal(f.kick) // the feed may have relied on this queue to read on
	}
}

// pull hands out due deliveries until the consumer is stopped.
func (c *consumer) pull() {
	for {
		select {
		case <-c.quit:
			return
		default:
		}
		moved, err := c.pullRetries()
		for _, f := range c.b.allFeeds() {
			m, e := c.pullFeed(f)
			moved = moved || m
			if e != nil {
				err = e
			}
		}
		if !moved {
			c.waitForWork(err)
		}
	}
}

// waitForWork waits until there may be something to hand out.
func (c *consumer) waitForWork(err error) {
	var again <-chan time.Time
	if err != nil {
		again = time.After(errorPause)
	} else if due := c.q.retries.nextDue(); !due.IsZero() {
		again = time.After(time.Until(due))
	}
	select {
	case <-c.q.wake:
	case <-again:
	case <-c.quit:
	}
}

func (c *consumer) pullFeed(f *feed) (moved bool, err error) {
	p := f.progressOf(c.q)
	entries, err := f.next(c.b.ctx, p.position())
	if err != nil {
		return false, err
	}
	for _, e := range entries {
		if !e.route[c.q.index] || !p.begin(e.Seq) {
			p.pass(e.Seq)
			continue
		}
		d := &events.Delivery{Attempt: 1, Body: e.Body}
		if !c.handOut(item{Delivery: d, log: f.log.Name(), seq: e.Seq, first: p}, e.decode) {
			break
		}
		c.waitForRoom(p)
	}
	if len(entries) > 0 {
		c.b.writer.cursorMoved()
	}
	return len(entries) > 0, nil
}

// handOut passes a delivery to the worker of its aggregate. It returns false if the consumer was
// stopped instead.
func (c *consumer) handOut(it item, decode func() (events.Envelope, error)) bool {
	env, err := decode()
	it.Envelope = env
	if err != nil {
		return c.persist([]op{c.bury(it, err)})
	}
	share := maphash.Comparable(c.seed, [2]string{env.Aggregate.Kind, env.Aggregate.ID})
	select {
	case c.inbox[share%uint64(len(c.inbox))] <- it:
		return true
	case <-c.quit:
		return false
	}
}

func (c *consumer) waitForRoom(p *progress) {
	for {
		if _, _, open := p.status(); open < maxOpen {
			return
		}
		select {
		case <-c.settled:
		case <-c.quit:
			return
		}
	}
}

// work calls the handler with the items that have arrived, batch by batch.
func (c *consumer) work(inbox <-chan item) {
	for {
		select {
		case <-c.quit:
			return
		default:
		}
		select {
		case it := <-inbox:
			c.handle(events.Collect(it, inbox, c.o, c.quit))
		case <-c.quit:
			return
		}
	}
}

func (c *consumer) handle(batch []item) {
	deliveries := make([]*events.Delivery, len(batch))
	for i := range batch {
		deliveries[i] = batch[i].Delivery
	}
	c.b.stats.delivered.Add(int64(len(batch)))
	results := events.Handle(c.h, deliveries, c.o.Timeout)
	c.settle(batch, results)
}

// settle acknowledges successful deliveries and persists failed ones.
func (c *consumer) settle(batch []item, results []error) {
	var changes []op
	var acked []int64 // settled entries of the progress of batch[i-1]
	for i, it := range batch {
		if i > 0 && it.first != batch[i-1].first {
			acked = c.ack(batch[i-1].first, acked)
		}
		switch err := results[i]; {
		case err != nil:
			changes = append(changes, c.failed(it, err))
			continue
		case it.first == nil:
			c.forgetRetry(it)
		default:
			acked = append(acked, it.seq)
		}
		c.b.stats.acked.Add(1)
	}
	c.ack(batch[len(batch)-1].first, acked)
	c.persist(changes)
}

func (c *consumer) ack(p *progress, seqs []int64) []int64 {
	if len(seqs) > 0 && p.settle(seqs...) {
		c.b.writer.cursorMoved()
		signal(c.settled)
	}
	return seqs[:0]
}
