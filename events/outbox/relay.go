package outbox

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"entrepot/events"
)

// Config configures a relay. Log, Broker and Cursor are required.
type Config struct {
	Log    events.Log
	Broker events.Broker
	Cursor Cursor

	Batch     int           // entries published at a time, default 1,000; at most the broker's own limit
	SaveEvery time.Duration // the longest time a position stays unsaved, default 50 ms
	Keep      int64         // number of relayed entries kept in the log, default 100,000; negative: none
	TrimEvery time.Duration // default 1 min
	Options                 // only its backoff, Drain and Logger are used
}

func (c Config) withDefaults() (Config, error) {
	if c.Log == nil || c.Broker == nil || c.Cursor == nil {
		return c, errors.New("relay: Log, Broker and Cursor are required")
	}
	if c.Batch <= 0 {
		c.Batch = 1000
	}
	if c.SaveEvery <= 0 {
		c.SaveEvery = 50 * time.Millisecond
	}
	if c.Keep == 0 {
		c.Keep = 100_000
	}
	if c.TrimEvery <= 0 {
		c.TrimEvery = time.Minute
	}
	c.Options = c.Options.withDefaults()
	return c, nil
}

// RelayStats counts events since the relay was created.
type RelayStats struct {
	Confirmed int64
	Retried   int64 // published again after a failure
	Skipped   int64 // undecodable entries: logged, kept in the log, not published
}

// Relay publishes a log's entries at least once and in order within an aggregate. A section of the
// log is published as one batch per aggregate, all in parallel; the next section follows when every
// batch is confirmed.
type Relay struct {
	c Config

	confirmed, retried, skipped atomic.Int64

	run    sync.Mutex // guards one section at a time
	loaded bool
	at     int64 // all entries up to this Seq are confirmed
	saved  int64

	life    sync.Mutex
	started bool
	ctx     context.Context
	cancel  context.CancelFunc
	loop    sync.WaitGroup
}

// NewRelay returns a relay that is not started, or an error if a required field is missing.
func NewRelay(c Config) (*Relay, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	r := &Relay{c: c}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r, nil
}

// Start relays in the background until Stop. Only the first call has an effect.
func (r *Relay) Start() {
	r.life.Lock()
	defer r.life.Unlock()
	if r.started || r.ctx.Err() != nil {
		return
	}
	r.started = true
	r.loop.Go(r.follow)
}

// Stop ends relaying, saves the position and waits. It may be called repeatedly and before Start.
func (r *Relay) Stop() {
	r.life.Lock()
	r.cancel()
	r.life.Unlock()
	r.loop.Wait()
}

// Stats returns the current counters.
func (r *Relay) Stats() RelayStats {
	return RelayStats{Confirmed: r.confirmed.Load(), Retried: r.retried.Load(), Skipped: r.skipped.Load()}
}

// RunOnce relays one section of the log and saves the position. It returns the number of entries it
// has passed, 0 at the end of the log.
func (r *Relay) RunOnce(ctx context.Context) (int, error) {
	n, err := r.forward(ctx)
	return n, errors.Join(err, r.save(ctx))
}

func (r *Relay) follow() {
	appended, cancel := r.c.Log.Appended()
	defer cancel()
	defer r.saveLast()
	saved, trimmed, failures := time.Now(), time.Now(), 0
	for r.ctx.Err() == nil {
		n, err := r.forward(r.ctx)
		if now := time.Now(); now.Sub(saved) >= r.c.SaveEvery {
			r.warn("saving the position failed", r.save(r.ctx))
			saved = now
		}
		if now := time.Now(); now.Sub(trimmed) >= r.c.TrimEvery {
			r.warn("trimming failed", r.trim(r.ctx))
			trimmed = now
		}
		if n > 0 {
			failures = 0
			continue
		}
		var again <-chan time.Time
		if err != nil {
			failures++
			again = time.After(r.c.backoff(failures))
			r.warn("relaying failed", err)
		} else if r.unsaved() {
			again = time.After(r.c.SaveEvery)
		}
		select {
		case <-appended:
		case <-again:
		case <-r.ctx.Done():
		}
	}
}

func (r *Relay) saveLast() {
	ctx, cancel := context.WithTimeout(context.Background(), r.c.Drain)
	defer cancel()
	if err := r.save(ctx); err != nil {
		r.c.Logger.Warn("relay: saving the position failed, events will be published again",
			"log", r.c.Log.Name(), "error", err)
	}
}

func (r *Relay) unsaved() bool {
	r.run.Lock()
	defer r.run.Unlock()
	return r.at != r.saved
}

func (r *Relay) warn(what string, err error) {
	if err != nil && r.ctx.Err() == nil {
		r.c.Logger.Warn("relay: "+what, "log", r.c.Log.Name(), "error", err)
	}
}

// forward publishes one section and waits until all of it is confirmed.
func (r *Relay) forward(ctx context.Context) (int, error) {
	r.run.Lock()
	defer r.run.Unlock()
	if !r.loaded {
		at, err := r.c.Cursor.Load(ctx)
		if err != nil {
			return 0, err
		}
		r.at, r.saved, r.loaded = at, at, true
	}
	entries, err := r.c.Log.Read(ctx, r.at, r.c.Batch)
	if err != nil || len(entries) == 0 {
		return 0, err
	}
	if err := r.publishAll(ctx, r.byAggregate(entries)); err != nil {
		return 0, err
	}
	r.at = entries[len(entries)-1].Seq
	return len(entries), nil
}

// byAggregate groups entries into one ordered batch per aggregate.
func (r *Relay) byAggregate(entries []events.LogEntry) (batches [][]events.Envelope) {
	of := map[[2]string]int{}
	for _, entry := range entries {
		e, err := events.ParseEnvelope(entry.Body)
		if err != nil { // a bug in the store; waiting would block all later entries
			r.skipped.Add(1)
			r.c.Logger.Error("relay: skipping an undecodable entry", "log", r.c.Log.Name(), "seq", entry.Seq, "error", err)
			continue
		}
		key := [2]string{e.Aggregate.Kind, e.Aggregate.ID}
		i, known := of[key]
		if !known {
			i = len(batches)
			of[key] = i
			batches = append(batches, nil)
		}
		batches[i] = append(batches[i], e)
	}
	return batches
}

// publishAll publishes until every batch is confirmed or the context ends.
func (r *Relay) publishAll(ctx context.Context, batches [][]events.Envelope) error {
	for failures := 0; len(batches) > 0; {
		failed, err := r.publishOnce(ctx, batches)
		if len(failed) == 0 {
			return err
		}
		if len(failed) == len(batches) {
			failures++
		} else {
			failures = 1
		}
		if failures == unreachableAfter {
			r.warn("the broker does not accept events, retrying", err)
		}
		select {
		case <-time.After(r.c.backoff(failures)):
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		}
		for _, b := range failed {
			r.retried.Add(int64(len(b)))
		}
		batches = failed
	}
	return nil
}

// publishOnce returns the batches that were not confirmed and the last error.
func (r *Relay) publishOnce(
	ctx context.Context, batches [][]events.Envelope,
) (failed [][]events.Envelope, lastErr error) {
	type result struct {
		batch []events.Envelope
		err   error
	}
	results := make(chan result, len(batches))
	for _, b := range batches {
		r.c.Broker.Publish(b, func(err error) { results <- result{b, err} })
	}
	for range batches {
		select {
		case got := <-results:
			if got.err != nil {
				failed, lastErr = append(failed, got.batch), got.err
				continue
			}
			r.confirmed.Add(int64(len(got.batch)))
		case <-ctx.Done():
			return batches, ctx.Err()
		}
	}
	return failed, lastErr
}

func (r *Relay) save(ctx context.Context) error {
	r.run.Lock()
	defer r.run.Unlock()
	if r.at == r.saved {
		return nil
	}
	err := r.c.Cursor.Save(ctx, r.at)
	if err == nil {
		r.saved = r.at
	}
	return err
}

// trim removes relayed entries from the log, except the newest Keep.
func (r *Relay) trim(ctx context.Context) error {
	r.run.Lock()
	upTo := r.saved - max(0, r.c.Keep)
	r.run.Unlock()
	if upTo <= 0 {
		return nil
	}
	return r.c.Log.Trim(ctx, upTo)
}
