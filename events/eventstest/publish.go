package eventstest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"entrepot/events"
)

// testPatterns compares the events that queues receive with [events.Match] on random patterns and
// types.
func testPatterns(t *testing.T, f Fixture) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // not a secret
	words := func(from string, most int) string {
		all := make([]string, 1+rnd.IntN(most))
		for i := range all {
			all[i] = string(from[rnd.IntN(len(from))])
		}
		return strings.Join(all, ".")
	}
	queues := make([]events.Queue, 5)
	got := make([]*recorder, len(queues))
	for i := range queues {
		queues[i] = events.Queue{Name: fmt.Sprintf("p%d", i), Bindings: []string{words("ab*#", 4), words("ab*#", 4)}}
		got[i] = newRecorder(nil)
	}
	if err := f.Broker.Declare(deadline(t), queues); err != nil {
		t.Fatal(err)
	}
	for i, q := range queues {
		consume(t, f.Broker, q.Name, events.ConsumeOptions{}, got[i].handle)
	}
	want := make([][]string, len(queues))
	for n := range int64(200) {
		e := NewEvent(words("abc", 5), "patterns", n+1)
		publish(t, f.Broker, e)
		for i, q := range queues {
			if events.Match(q.Bindings[0], e.Type) || events.Match(q.Bindings[1], e.Type) {
				want[i] = append(want[i], e.ID)
			}
		}
	}
	for i, q := range queues {
		all := got[i].waitFor(t, want[i]...)
		for _, s := range all {
			if !events.Match(q.Bindings[0], s.typ) && !events.Match(q.Bindings[1], s.typ) {
				t.Errorf("bindings %v: received %s, which does not match", q.Bindings, s.typ)
			}
			if n := times(all, s.id); n != 1 {
				t.Errorf("bindings %v: deliveries of %s: want 1, got %d", q.Bindings, s.typ, n)
			}
		}
	}
}

// testConfirms checks that a batch is confirmed once and arrives complete and unchanged.
func testConfirms(t *testing.T, f Fixture) {
	declare(t, f.Broker, "q", "order.*")
	batch := []events.Envelope{NewEvent("order.created", "a", 1), NewEvent("order.confirmed", "a", 2)}
	batch[0].TraceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	publish(t, f.Broker, batch...)
	got := make(chan events.Delivery, 2)
	r := newRecorder(func(d *events.Delivery) error { got <- *d; return nil })
	consume(t, f.Broker, "q", events.ConsumeOptions{}, r.handle)
	r.waitFor(t, batch[0].ID, batch[1].ID)
	for i := range batch {
		d := <-got
		if fmt.Sprintf("%+v", d.Envelope) != fmt.Sprintf("%+v", batch[i]) || d.Attempt != 1 {
			t.Errorf("event %d: want attempt 1 of\n%+v\ngot attempt %d of\n%+v", i, batch[i], d.Attempt, d.Envelope)
		}
		e, err := events.ParseEnvelope(d.Body)
		if err != nil || fmt.Sprintf("%+v", e) != fmt.Sprintf("%+v", batch[i]) {
			t.Errorf("body of event %d: want\n%+v\ngot %s (error %v)", i, batch[i], d.Body, err)
		}
	}
}

func testEmptyBatch(t *testing.T, f Fixture) { publish(t, f.Broker) }

func testDeclareAgain(t *testing.T, f Fixture) {
	declare(t, f.Broker, "q", "a.*")
	e := NewEvent("a.x", "a", 1)
	publish(t, f.Broker, e)
	declare(t, f.Broker, "q", "a.*", "later", "b.*")
	g := NewEvent("b.x", "a", 2)
	publish(t, f.Broker, g)
	r, later := newRecorder(nil), newRecorder(nil)
	consume(t, f.Broker, "q", events.ConsumeOptions{}, r.handle)
	consume(t, f.Broker, "later", events.ConsumeOptions{}, later.handle)
	r.waitFor(t, e.ID)
	later.waitFor(t, g.ID)
}

func testUndeclaredQueue(t *testing.T, f Fixture) {
	if _, err := f.Broker.Consume("nobody.knows", events.ConsumeOptions{}, newRecorder(nil).handle); err == nil {
		t.Error("Consume of an undeclared queue: want an error, got nil")
	}
}

// testUnrouted checks that an event without a matching queue is confirmed and kept.
func testUnrouted(t *testing.T, f Fixture) {
	declare(t, f.Broker, "q", "order.*")
	e := NewEvent("nobody.cares", "a", 1)
	publish(t, f.Broker, e, NewEvent("order.created", "a", 2))
	all := letters(t, f.Broker, events.UnroutedQueue, 1)
	if all[0].ID != e.ID || all[0].Reason == "" {
		t.Errorf("unrouted: want event %s with a reason, got %+v", e.ID, all[0])
	}
	status, err := f.Broker.Status(deadline(t))
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "unrouted counts 1", func() bool {
		status, _ = f.Broker.Status(deadline(t))
		return ready(status, events.UnroutedQueue) == 1
	})
}

func ready(status []events.QueueStatus, queue string) int64 {
	for _, s := range status {
		if s.Name == queue {
			return s.Ready
		}
	}
	return -1
}

func testStatus(t *testing.T, f Fixture) {
	declare(t, f.Broker, "q", "order.*", "other", "other.*")
	publish(t, f.Broker, NewEvent("order.a", "a", 1), NewEvent("other.b", "a", 2), NewEvent("order.c", "a", 3))
	counts := func(q int64, other int64) func() bool {
		return func() bool {
			s, err := f.Broker.Status(deadline(t))
			return err == nil && ready(s, "q") == q && ready(s, "other") == other &&
				ready(s, events.DeadLetterQueue("q")) == 0 && ready(s, events.UnroutedQueue) == 0
		}
	}
	eventually(t, "two and one ready", counts(2, 1))
	r := newRecorder(nil)
	consume(t, f.Broker, "q", events.ConsumeOptions{}, r.handle)
	eventually(t, "none and one ready", counts(0, 1))
	eventually(t, "none unacknowledged", func() bool {
		s, _ := f.Broker.Status(deadline(t))
		for _, q := range s {
			if q.Unacked != 0 {
				return false
			}
		}
		return true
	})
}

func testClose(t *testing.T, f Fixture) {
	declare(t, f.Broker, "q", "#")
	if err := f.Broker.Ping(deadline(t)); err != nil {
		t.Errorf("Ping: %v", err)
	}
	s := consume(t, f.Broker, "q", events.ConsumeOptions{}, newRecorder(nil).handle)
	for range 2 {
		if err := f.Broker.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	s.Stop()
	if err := tryPublish(f.Broker, NewEvent("a.b", "a", 1)); err == nil {
		t.Error("Publish on a closed broker: want an error, got nil")
	}
	if err := f.Broker.Ping(deadline(t)); err == nil {
		t.Error("Ping on a closed broker: want an error, got nil")
	}
	if _, err := f.Broker.Consume("q", events.ConsumeOptions{}, newRecorder(nil).handle); err == nil {
		t.Error("Consume on a closed broker: want an error, got nil")
	}
}
