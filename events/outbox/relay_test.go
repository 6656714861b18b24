package outbox_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"entrepot/events"
	"entrepot/events/eventstest"
	"entrepot/events/outbox"
)

func newRelay(t *testing.T, l events.Log, b events.Broker, cursor outbox.Cursor) *outbox.Relay {
	t.Helper()
	r, err := outbox.NewRelay(outbox.Config{
		Log: l, Broker: b, Cursor: cursor, Batch: 10, SaveEvery: time.Millisecond,
		TrimEvery: time.Millisecond, Keep: 5, Options: options(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Stop)
	return r
}

func fileCursor(t *testing.T) outbox.FileCursor {
	return outbox.FileCursor(filepath.Join(t.TempDir(), "relay.cursor"))
}

// TestRelayRunOnce checks that a section is published in order and its end is saved.
func TestRelayRunOnce(t *testing.T) {
	l, b, cursor := eventstest.NewLog("store", 2), &scripted{answer: failing(3)}, fileCursor(t)
	for n := range int64(6) {
		l.Add(event("a", n+1), event("b", n+1))
	}
	r := newRelay(t, l, b, cursor)
	for _, want := range []int{10, 2, 0} {
		if n, err := r.RunOnce(t.Context()); n != want || err != nil {
			t.Fatalf("RunOnce: want %d entries, got %d (error %v)", want, n, err)
		}
	}
	if at, err := cursor.Load(t.Context()); at != 24 || err != nil {
		t.Errorf("saved position: want 24, got %d (error %v)", at, err)
	}
	last := map[string]int64{}
	for _, e := range b.published() {
		if e.Aggregate.Sequence != last[e.Aggregate.ID]+1 {
			t.Errorf("aggregate %s: want sequence %d, got %d",
				e.Aggregate.ID, last[e.Aggregate.ID]+1, e.Aggregate.Sequence)
		}
		last[e.Aggregate.ID]++
	}
	if n := len(b.published()); n != 12 {
		t.Errorf("published events: want 12, got %d", n)
	}

	again := newRelay(t, l, b, cursor)
	l.Add(event("a", 7))
	if n, err := again.RunOnce(t.Context()); n != 1 || err != nil {
		t.Errorf("RunOnce of a new relay: want 1 entry, got %d (error %v)", n, err)
	}
}

// TestRelayCancelled checks that unconfirmed entries are not passed.
func TestRelayCancelled(t *testing.T) {
	l, b := eventstest.NewLog("store", 1), &scripted{
		answer: func([]events.Envelope) error { return errHold }, held: make(chan func(error), 9),
	}
	l.Add(event("a", 1))
	r := newRelay(t, l, b, fileCursor(t))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if n, err := r.RunOnce(ctx); n != 0 || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("RunOnce with an expired context: want 0 entries and a deadline error, got %d (error %v)", n, err)
	}
	b.answer = failing(0)
	if n, err := r.RunOnce(t.Context()); n != 1 || err != nil {
		t.Errorf("RunOnce: want 1 entry, got %d (error %v)", n, err)
	}
}

// TestRelayFollows checks that a started relay publishes new entries despite failures of log and
// broker, trims the log, and saves its position on Stop.
func TestRelayFollows(t *testing.T) {
	l, cursor := eventstest.NewLog("store", 1), fileCursor(t)
	all := make(chan struct{}, 200)
	fail := failing(5)
	b := &scripted{answer: func(batch []events.Envelope) error {
		err := fail(batch)
		for range batch {
			if err == nil {
				all <- struct{}{}
			}
		}
		return err
	}}
	l.Fail(errors.New("disk on fire"))
	r := newRelay(t, l, b, cursor)
	r.Start()
	r.Start()
	for n := range int64(100) {
		l.Add(event("a", n+1))
	}
	l.Fail(nil)
	for range 100 {
		<-all
	}
	l.Append("a.b", []byte("{not json"))
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for limit := time.Now().Add(20 * time.Second); ; <-tick.C {
		if at, err := cursor.Load(t.Context()); at > 100 && err == nil && l.Len() < 20 {
			break
		} else if time.Now().After(limit) {
			t.Fatalf("want a position above 100 and fewer than 20 entries, got %d (error %v) and %d", at, err, l.Len())
		}
		l.Append("a.b", nil) // wakes the relay, so that the last trim need not wait for an event
	}
	r.Stop()
	r.Stop()
	if r.Stats().Confirmed != 100 {
		t.Errorf("confirmed events: want 100, got stats %+v", r.Stats())
	}
}

func TestRelayNeedsAll(t *testing.T) {
	if _, err := outbox.NewRelay(outbox.Config{}); err == nil {
		t.Error("NewRelay with an empty Config: want an error, got nil")
	}
}

func TestFileCursorDamaged(t *testing.T) {
	cursor := fileCursor(t)
	if at, err := cursor.Load(t.Context()); at != 0 || err != nil {
		t.Errorf("Load without a file: want 0, got %d (error %v)", at, err)
	}
	if err := os.WriteFile(string(cursor), []byte("twelve"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := cursor.Load(t.Context()); err == nil {
		t.Error("Load of a damaged file: want an error, got nil")
	}
}
