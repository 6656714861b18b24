package eventstest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"entrepot"
	"entrepot/events"
)

// testCompeting checks that two consumers share a queue without repeating or reordering deliveries,
// and that one continues when the other stops.
func testCompeting(t *testing.T, f Fixture) {
	declare(t, f.Broker, "q", "#")
	r := newRecorder(nil) // shared by both consumers
	first := consume(t, f.Broker, "q", events.ConsumeOptions{Batch: 4}, r.handle)
	consume(t, f.Broker, "q", events.ConsumeOptions{Batch: 4}, r.handle)
	var ids []entrepot.ID
	for n := range int64(100) {
		if n == 50 {
			first.Stop()
		}
		e := NewEvent("a.b", "a", n+1)
		ids = append(ids, e.ID)
		publish(t, f.Broker, e)
	}
	all := r.waitFor(t, ids...)
	inOrder(t, all)
	if len(all) != len(ids) {
		t.Errorf("deliveries: want %d, got %d", len(ids), len(all))
	}
}

// testStop checks that Stop waits for the running call and that its deliveries do not return.
func testStop(t *testing.T, f Fixture) {
	declare(t, f.Broker, "q", "#")
	started, release := make(chan struct{}), make(chan struct{})
	h := func(_ context.Context, batch []*events.Delivery) []error {
		started <- struct{}{}
		<-release
		return make([]error, len(batch))
	}
	s := consume(t, f.Broker, "q", events.ConsumeOptions{Batch: 1}, h)
	done, left := NewEvent("a.b", "a", 1), NewEvent("a.b", "a", 2)
	publish(t, f.Broker, done, left)
	<-started
	stopped := make(chan struct{})
	go func() {
		s.Stop()
		s.Stop() // repeated calls are harmless
		close(stopped)
	}()
	select {
	case <-stopped:
		t.Error("Stop did not wait for the running call")
	case <-time.After(50 * time.Millisecond): // no signal exists for the absence of an event
	}
	// A second call may begin before Stop takes effect; Stop waits for it too.
	go func() {
		for range started {
		}
	}()
	close(release)
	<-stopped
	close(started)
	b := f.Disturb()
	declare(t, b, "q", "#")
	r := newRecorder(nil)
	consume(t, b, "q", events.ConsumeOptions{}, r.handle)
	marker := NewEvent("a.c", "a", 3)
	publishUntilConfirmed(t, b, marker)
	all := r.waitFor(t, marker.ID)
	if times(all, done.ID) != 0 {
		t.Error("an acknowledged delivery was delivered again")
	}
}

func publishUntilConfirmed(t *testing.T, b events.Broker, batch ...events.Envelope) {
	t.Helper()
	eventually(t, "a confirm", func() bool { return tryPublish(b, batch...) == nil })
}

// testDisturbed publishes and consumes during repeated interruptions: every confirmed event
// arrives, in order, and none becomes a dead letter.
func testDisturbed(t *testing.T, f Fixture) {
	const aggregates, each = 8, 150
	declare(t, f.Broker, "q", "a.*", "audit", "#")
	q := newRecorder(failOnce(func(n int64) bool { return n%40 == 0 }))
	audit := newRecorder(nil)
	current := &shared{b: f.Broker}
	subscribe := func(b events.Broker) {
		consume(t, b, "q", events.ConsumeOptions{Concurrency: 4, Batch: 16, MaxAttempts: 100}, q.handle)
		consume(t, b, "audit", events.ConsumeOptions{MaxAttempts: 100}, audit.handle)
	}
	subscribe(f.Broker)

	var ids []entrepot.ID
	var publishers sync.WaitGroup
	for a := range aggregates {
		batches := make([]events.Envelope, each)
		for n := range batches {
			batches[n] = NewEvent("a.b", fmt.Sprint("aggregate", a), int64(n+1))
			ids = append(ids, batches[n].ID)
		}
		publishers.Go(func() { publishAll(t, current, batches) })
	}
	for i := range 3 {
		q.wait(t, "progress", func(all []seen) bool { return len(all) >= (i+1)*aggregates*each/5 })
		before := current.get()
		after := f.Disturb()
		if after != before {
			declare(t, after, "q", "a.*", "audit", "#")
			subscribe(after)
			current.set(after)
		}
	}
	publishers.Wait()
	inOrder(t, q.waitFor(t, ids...))
	inOrder(t, audit.waitFor(t, ids...))
	letters(t, current.get(), "q", 0)
	letters(t, current.get(), "audit", 0)
}

// failOnce returns an answer that fails the first delivery of the selected sequences.
func failOnce(which func(seq int64) bool) func(*events.Delivery) error {
	var mu sync.Mutex
	failed := map[entrepot.ID]bool{}
	return func(d *events.Delivery) error {
		mu.Lock()
		defer mu.Unlock()
		if !which(d.Aggregate.Sequence) || failed[d.ID] {
			return nil
		}
		failed[d.ID] = true
		return fmt.Errorf("first delivery of sequence %d", d.Aggregate.Sequence)
	}
}

// shared is the broker that the publishers currently use.
type shared struct {
	mu sync.Mutex
	b  events.Broker
}

func (s *shared) get() events.Broker {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b
}

func (s *shared) set(b events.Broker) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.b = b
}

// publishAll publishes the events of one aggregate one after the other, like an outbox.
func publishAll(t *testing.T, to *shared, all []events.Envelope) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.Now().Add(patience)
	for i := range all {
		for tryPublish(to.get(), all[i]) != nil {
			if time.Now().After(limit) {
				t.Errorf("event %d was not confirmed within %v", i, patience)
				return
			}
			<-tick.C
		}
	}
}
