package rabbit_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"entrepot/events"
	"entrepot/events/eventstest"
	"entrepot/events/rabbit"
)

func declare(t testing.TB, b *rabbit.Broker) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := b.Declare(ctx, []events.Queue{{Name: "q", Bindings: []string{"#"}}}); err != nil {
		t.Fatal(err)
	}
}

func publish(b *rabbit.Broker, batch ...events.Envelope) error {
	done := make(chan error, 1)
	b.Publish(batch, func(err error) { done <- err })
	return <-done
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(20 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("condition not met within 20 s: %s", what)
		}
	}
}

func event(seq int64) events.Envelope { return eventstest.NewEvent("a.b", "a", seq) }

// TestServerUnreachable checks that without a server Open succeeds, Publish and Ping fail at once, and
// Declare waits for its context; everything recovers when the server returns.
func TestServerUnreachable(t *testing.T) {
	needServer(t)
	p := startProxy(t, server)
	p.set(true, false)
	prefix := newPrefix()
	removeAfter(t, prefix)
	b := open(t, p.url, rabbit.Options{Prefix: prefix})
	if publish(b, event(1)) == nil {
		t.Error("Publish without a server: want an error, got nil")
	}
	if b.Ping(t.Context()) == nil {
		t.Error("Ping without a server: want an error, got nil")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if b.Declare(ctx, nil) == nil {
		t.Error("Declare without a server: want an error, got nil")
	}
	p.set(false, false)
	declare(t, b)
	if err := publish(b, event(1)); err != nil {
		t.Error(err)
	}
	p.set(true, false)
	p.cut()
	eventually(t, "Ping fails after the server is gone", func() bool { return b.Ping(t.Context()) != nil })
	p.set(false, false)
	eventually(t, "Ping succeeds after the server is back", func() bool { return b.Ping(t.Context()) == nil })
}

// TestConfirmLate checks that a missing confirmation becomes an error after the timeout, and that
// MaxPending holds meanwhile.
func TestConfirmLate(t *testing.T) {
	needServer(t)
	p := startProxy(t, server)
	prefix := newPrefix()
	removeAfter(t, prefix)
	b := open(t, p.url, rabbit.Options{Prefix: prefix, ConfirmTimeout: 300 * time.Millisecond, MaxPending: 3})
	declare(t, b)
	p.set(false, true)
	var late sync.WaitGroup
	var failed atomic.Int64
	for n := range int64(3) {
		late.Add(1)
		b.Publish([]events.Envelope{event(n + 1)}, func(err error) {
			if err != nil {
				failed.Add(1)
			}
			late.Done()
		})
	}
	began := time.Now()
	if publish(b, event(4)) == nil {
		t.Error("Publish above MaxPending: want an error, got nil")
	}
	if took := time.Since(began); took > 200*time.Millisecond {
		t.Errorf("Publish above MaxPending: want an answer within 200 ms, got it after %v", took)
	}
	late.Wait()
	if failed.Load() != 3 {
		t.Errorf("failed batches: want 3, got %d", failed.Load())
	}
	p.set(false, false)
	p.cut()
	eventually(t, "events are confirmed again", func() bool { return publish(b, event(5)) == nil })
}

// TestCutWhilePublishing checks that losing the connection fails all pending batches.
func TestCutWhilePublishing(t *testing.T) {
	needServer(t)
	p := startProxy(t, server)
	prefix := newPrefix()
	removeAfter(t, prefix)
	b := open(t, p.url, rabbit.Options{Prefix: prefix})
	declare(t, b)
	p.set(false, true)
	var answered sync.WaitGroup
	for n := range int64(100) {
		answered.Add(1)
		b.Publish([]events.Envelope{event(n + 1)}, func(err error) {
			if err == nil {
				t.Error("Publish without a confirmation: want an error, got nil")
			}
			answered.Done()
		})
	}
	p.cut()
	answered.Wait()
}

// TestQueueGone checks that a dead letter whose queue is missing does not count as delivered.
func TestQueueGone(t *testing.T) {
	needServer(t)
	prefix := newPrefix()
	removeAfter(t, prefix)
	b := open(t, server, rabbit.Options{Prefix: prefix})
	declare(t, b)
	deleteQueue(t, prefix+"q.dead")
	tried := make(chan struct{}, 100)
	s, err := b.Consume("q", events.ConsumeOptions{}, func(_ context.Context, batch []*events.Delivery) []error {
		tried <- struct{}{}
		results := make([]error, len(batch))
		for i := range results {
			results[i] = events.Permanent(context.Canceled)
		}
		return results
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := publish(b, event(1)); err != nil {
		t.Fatal(err)
	}
	<-tried
	declare(t, b) // the operator repairs it
	eventually(t, "the dead letter arrived", func() bool {
		dead, err := b.DeadLetters(t.Context(), "q", 5)
		return err == nil && len(dead) == 1 && dead[0].Reason == context.Canceled.Error()
	})
	s.Stop()
}

// TestInvalidEvents checks that invalid URLs and routing keys are rejected.
func TestInvalidEvents(t *testing.T) {
	if _, err := rabbit.Open(t.Context(), "http://example.com", rabbit.Options{}); err == nil {
		t.Error("Open with an http URL: want an error, got nil")
	}
	b := open(t, "amqp://127.0.0.1:1/", rabbit.Options{})
	e := event(1)
	e.Type = ""
	if publish(b, e) == nil {
		t.Error("Publish without an event type: want an error, got nil")
	}
}
