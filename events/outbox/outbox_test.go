package outbox_test

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"entrepot/events"
	"entrepot/events/eventstest"
	"entrepot/events/local"
	"entrepot/events/outbox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errAway = errors.New("away")

// scripted is a broker whose Publish returns what its answer function decides.
type scripted struct {
	events.Broker
	answer func(batch []events.Envelope) error // errHold: done is called by the test

	mu   sync.Mutex
	seen []events.Envelope // confirmed
	held chan func(error)
}

var errHold = errors.New("hold")

func (s *scripted) Publish(batch []events.Envelope, done func(error)) {
	err := s.answer(batch)
	s.mu.Lock()
	if err == nil {
		s.seen = append(s.seen, batch...)
	}
	if errors.Is(err, errHold) {
		s.held <- done
		done = func(error) {}
	}
	s.mu.Unlock()
	done(err)
}

func (s *scripted) published() []events.Envelope {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]events.Envelope(nil), s.seen...)
}

func options() outbox.Options {
	return outbox.Options{
		MinBackoff: time.Millisecond, MaxBackoff: 20 * time.Millisecond, Drain: 50 * time.Millisecond,
		Logger: slog.New(slog.DiscardHandler),
	}
}

func event(aggregate string, seq int64) events.Envelope {
	return eventstest.NewEvent("a.b", aggregate, seq)
}

// failing returns an answer that fails the first n batches with errAway.
func failing(n int) func([]events.Envelope) error {
	var mu sync.Mutex
	return func([]events.Envelope) error {
		mu.Lock()
		defer mu.Unlock()
		if n--; n >= 0 {
			return errAway
		}
		return nil
	}
}

// TestOfferUntilConfirmed checks that every batch is published until the broker has confirmed it,
// in the order of its aggregate, and is confirmed once.
func TestOfferUntilConfirmed(t *testing.T) {
	b := &scripted{answer: failing(200)}
	x := outbox.New(b, options())
	defer x.Close()
	const aggregates, each = 10, 20
	var all sync.WaitGroup
	for a := range aggregates {
		all.Add(each)
		var next func(n int64)
		next = func(n int64) {
			if n <= each && !x.Offer([]events.Envelope{event(fmt.Sprint(a), n)}, func() { all.Done(); next(n + 1) }) {
				t.Error("Offer within MaxEvents: want true, got false")
			}
		}
		next(1)
	}
	all.Wait()
	last := map[string]int64{}
	for _, e := range b.published() {
		if e.Aggregate.Sequence != last[e.Aggregate.ID]+1 {
			t.Errorf("aggregate %s: want sequence %d, got %d",
				e.Aggregate.ID, last[e.Aggregate.ID]+1, e.Aggregate.Sequence)
		}
		last[e.Aggregate.ID] = e.Aggregate.Sequence
	}
	want := outbox.Stats{Offered: 200, Confirmed: 200, Retried: 200}
	if got := x.Stats(); got != want {
		t.Errorf("stats: want %+v, got %+v", want, got)
	}
}

// TestOneBadBatch checks that a batch that always fails does not delay others.
func TestOneBadBatch(t *testing.T) {
	b := &scripted{answer: func(batch []events.Envelope) error {
		if batch[0].Type == "bad" {
			return errors.New("bad")
		}
		return nil
	}}
	x := outbox.New(b, options())
	defer x.Close()
	x.Offer([]events.Envelope{eventstest.NewEvent("bad", "bad", 1)}, func() { t.Error("the failing batch was confirmed") })
	var all sync.WaitGroup
	for n := range int64(100) {
		all.Add(1)
		x.Offer([]events.Envelope{event("good", n+1)}, all.Done)
	}
	all.Wait()
}

func TestBound(t *testing.T) {
	b := &scripted{answer: func([]events.Envelope) error { return errHold }, held: make(chan func(error), 9)}
	o := options()
	o.MaxEvents = 3
	x := outbox.New(b, o)
	defer x.Close()
	confirmed := make(chan struct{}, 1)
	if !x.Offer([]events.Envelope{event("a", 1), event("a", 2)}, func() { confirmed <- struct{}{} }) {
		t.Fatal("Offer within MaxEvents: want true, got false")
	}
	if x.Offer([]events.Envelope{event("b", 1), event("b", 2)}, nil) {
		t.Fatal("Offer above MaxEvents: want false, got true")
	}
	(<-b.held)(nil)
	<-confirmed
	if !x.Offer([]events.Envelope{event("c", 1), event("c", 2)}, func() {}) {
		t.Error("Offer after a confirmation: want true, got false")
	}
}

func TestCloseRefuses(t *testing.T) {
	x := outbox.New(&scripted{answer: failing(1 << 30)}, options())
	x.Offer([]events.Envelope{event("a", 1)}, func() { t.Error("a batch was confirmed although the broker always fails") })
	x.Close()
	x.Close()
	if x.Offer([]events.Envelope{event("a", 2)}, nil) {
		t.Error("Offer on a closed outbox: want false, got true")
	}
}

// TestThroughLocal publishes through the embedded broker.
func TestThroughLocal(t *testing.T) {
	b, err := local.Open(t.Context(), filepath.Join(t.TempDir(), "broker.sqlite"), local.Options{MaxPending: 50})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.Close() }()
	x := outbox.New(b, options()) // its window exceeds the broker's limit: some batches are rejected at first
	defer x.Close()
	var all sync.WaitGroup
	for n := range 500 {
		all.Add(1)
		x.Offer([]events.Envelope{event(fmt.Sprint(n), 1)}, all.Done)
	}
	all.Wait()
	if got := b.Stats().Confirmed; got != 500 {
		t.Errorf("confirmed events: want 500, got %d", got)
	}
}
