package eventstest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"entrepot"
	"entrepot/events"
)

// testOrder checks that first deliveries keep the order of an aggregate with four parallel calls.
func testOrder(t *testing.T, f Fixture) {
	declare(t, f.Broker, "q", "#")
	const aggregates, each = 20, 50
	var published sync.WaitGroup
	var ids []entrepot.ID
	for a := range aggregates {
		for n := range int64(each) / 5 {
			batch := make([]events.Envelope, 5)
			for i := range batch {
				batch[i] = NewEvent("a.b", "aggregate"+string(rune('a'+a)), 5*n+int64(i)+1)
				ids = append(ids, batch[i].ID)
			}
			published.Add(1)
			f.Broker.Publish(batch, func(err error) { // without waiting: many are in flight
				if err != nil {
					t.Errorf("Publish: %v", err)
				}
				published.Done()
			})
		}
	}
	published.Wait()
	r := newRecorder(nil)
	consume(t, f.Broker, "q", events.ConsumeOptions{Concurrency: 4, Batch: 16}, r.handle)
	inOrder(t, r.waitFor(t, ids...))
}

// inOrder checks that the first deliveries of each aggregate have increasing sequences.
func inOrder(t *testing.T, all []seen) {
	t.Helper()
	last, known := map[entrepot.ID]int64{}, map[entrepot.ID]bool{}
	for _, s := range all {
		if s.attempt > 1 || known[s.id] {
			continue
		}
		known[s.id] = true
		if s.seq <= last[s.agg] {
			t.Errorf("aggregate %s: sequence %d was delivered after %d", s.agg, s.seq, last[s.agg])
		}
		last[s.agg] = s.seq
	}
}

func testBatches(t *testing.T, f Fixture) {
	declare(t, f.Broker, "q", "#")
	var ids []entrepot.ID
	for n := range int64(60) {
		e := NewEvent("a.b", "a", n+1)
		ids = append(ids, e.ID)
		publish(t, f.Broker, e)
	}
	r := newRecorder(nil)
	consume(t, f.Broker, "q", events.ConsumeOptions{Batch: 7}, r.handle)
	r.waitFor(t, ids...)
	if r.longest > 7 {
		t.Errorf("batch size: want at most 7, got %d", r.longest)
	}
}

// testRetry checks that a failed delivery returns after its delay, which doubles, with the next
// attempt number.
func testRetry(t *testing.T, f Fixture) {
	declare(t, f.Broker, "q", "#")
	const delay = 80 * time.Millisecond
	r := newRecorder(func(d *events.Delivery) error {
		if d.Attempt < 4 {
			return errors.New("not yet")
		}
		return nil
	})
	consume(t, f.Broker, "q", events.ConsumeOptions{RetryDelay: delay}, r.handle)
	e := NewEvent("a.b", "a", 1)
	publish(t, f.Broker, e)
	all := r.wait(t, "4 attempts", func(all []seen) bool { return len(all) >= 4 })
	for i, s := range all[:4] {
		if s.attempt != i+1 || s.id != e.ID {
			t.Fatalf("delivery %d: want attempt %d of %s, got %+v", i, i+1, e.ID, s)
		}
		if i > 0 && s.at.Sub(all[i-1].at) < delay<<(i-1) {
			t.Errorf("attempt %d: want a delay of at least %v, got %v", i+1, delay<<(i-1), s.at.Sub(all[i-1].at))
		}
	}
}

// testRetryBlocksNoOther checks that other events are delivered while one waits for its retry.
func testRetryBlocksNoOther(t *testing.T, f Fixture) {
	declare(t, f.Broker, "q", "#")
	bad := NewEvent("a.bad", "a", 1)
	r := newRecorder(func(d *events.Delivery) error {
		if d.ID == bad.ID {
			return errors.New("never")
		}
		return nil
	})
	consume(t, f.Broker, "q", events.ConsumeOptions{RetryDelay: time.Hour, Batch: 4}, r.handle)
	publish(t, f.Broker, bad)
	ids := []entrepot.ID{bad.ID}
	for n := range int64(50) {
		e := NewEvent("a.good", "a", n+2)
		ids = append(ids, e.ID)
		publish(t, f.Broker, e)
	}
	if all := r.waitFor(t, ids...); times(all, bad.ID) != 1 {
		t.Errorf("deliveries of the failed event before its delay: want 1, got %d", times(all, bad.ID))
	}
}

// testDeadLetter checks that an event is kept with its reason after the last attempt.
func testDeadLetter(t *testing.T, f Fixture) {
	declare(t, f.Broker, "q", "#", "other", "#")
	r := newRecorder(func(d *events.Delivery) error {
		if d.Type == "a.bad" {
			return errors.New("the warehouse is on fire")
		}
		return nil
	})
	other := newRecorder(nil)
	consume(t, f.Broker, "q", events.ConsumeOptions{MaxAttempts: 3}, r.handle)
	consume(t, f.Broker, "other", events.ConsumeOptions{}, other.handle)
	bad, good := NewEvent("a.bad", "a", 1), NewEvent("a.good", "a", 2)
	publish(t, f.Broker, bad, good)
	dead := letters(t, f.Broker, "q", 1)
	if dead[0].ID != bad.ID || dead[0].Reason != "the warehouse is on fire" || len(dead[0].Raw) == 0 {
		t.Errorf("dead letter: want event %s with reason and body, got %+v", bad.ID, dead[0])
	}
	if n := times(r.waitFor(t, bad.ID, good.ID), bad.ID); n != 3 {
		t.Errorf("attempts: want 3, got %d", n)
	}
	if again := letters(t, f.Broker, "q", 1); again[0].ID != bad.ID {
		t.Error("reading a dead letter removed it")
	}
	other.waitFor(t, bad.ID, good.ID)
	letters(t, f.Broker, "other", 0)
}

func testPermanent(t *testing.T, f Fixture) {
	declare(t, f.Broker, "q", "#")
	r := newRecorder(func(*events.Delivery) error { return events.Permanent(errors.New("no such colour")) })
	consume(t, f.Broker, "q", events.ConsumeOptions{RetryDelay: time.Hour}, r.handle)
	e := NewEvent("a.b", "a", 1)
	publish(t, f.Broker, e)
	if dead := letters(t, f.Broker, "q", 1); dead[0].ID != e.ID || dead[0].Reason != "no such colour" {
		t.Errorf("dead letter: want event %s with reason \"no such colour\", got %+v", e.ID, dead[0])
	}
	if all := r.waitFor(t, e.ID); len(all) != 1 {
		t.Errorf("attempts: want 1, got %d", len(all))
	}
}

// testUndecodable checks that a body that is not an envelope is dead-lettered without reaching the
// handler.
func testUndecodable(t *testing.T, f Fixture) {
	declare(t, f.Broker, "q", "a.*")
	r := newRecorder(nil)
	consume(t, f.Broker, "q", events.ConsumeOptions{RetryDelay: time.Hour}, r.handle)
	f.Inject("a.b", []byte("{not json"))
	f.Inject("a.b", []byte(`{"hello":"world"}`))
	e := NewEvent("a.b", "a", 1)
	publish(t, f.Broker, e)
	dead := letters(t, f.Broker, "q", 2)
	for _, d := range dead {
		if !strings.HasPrefix(d.Reason, "undecodable: ") {
			t.Errorf("reason: want prefix \"undecodable: \", got %q", d.Reason)
		}
	}
	raws := string(dead[0].Raw) + string(dead[1].Raw)
	if !strings.Contains(raws, "{not json") || !strings.Contains(raws, `{"hello":"world"}`) {
		t.Errorf("dead letters: want both injected bodies, got %q", raws)
	}
	if all := r.waitFor(t, e.ID); len(all) != 1 {
		t.Errorf("deliveries to the handler: want 1, got %d", len(all))
	}
}

func testWrongResults(t *testing.T, f Fixture) {
	declare(t, f.Broker, "q", "#")
	h := func(context.Context, []*events.Delivery) []error { return nil }
	consume(t, f.Broker, "q", events.ConsumeOptions{MaxAttempts: 2}, h)
	publish(t, f.Broker, NewEvent("a.b", "a", 1))
	if dead := letters(t, f.Broker, "q", 1); !strings.Contains(dead[0].Reason, "0 results") {
		t.Errorf("reason: want it to mention \"0 results\", got %q", dead[0].Reason)
	}
}

// testPanic checks that a panic fails only the delivery that causes it.
func testPanic(t *testing.T, f Fixture) {
	declare(t, f.Broker, "q", "#")
	publish(t, f.Broker, NewEvent("a.good", "a", 1), NewEvent("a.bad", "a", 2), NewEvent("a.good", "a", 3))
	r := newRecorder(func(d *events.Delivery) error {
		if d.Type == "a.bad" {
			panic("boo")
		}
		return nil
	})
	consume(t, f.Broker, "q", events.ConsumeOptions{MaxAttempts: 2}, r.handle)
	dead := letters(t, f.Broker, "q", 1)
	if dead[0].Type != "a.bad" || !strings.Contains(dead[0].Reason, "boo") {
		t.Errorf("dead letter: want a.bad with the panic as reason, got %+v", dead[0])
	}
	eventually(t, "the others are acknowledged", func() bool {
		s, err := f.Broker.Status(deadline(t))
		return err == nil && ready(s, "q") == 0
	})
}

// testTimeout checks that a call's context ends at the timeout and that its failed deliveries
// return.
func testTimeout(t *testing.T, f Fixture) {
	declare(t, f.Broker, "q", "#")
	r := newRecorder(nil)
	h := func(ctx context.Context, batch []*events.Delivery) []error {
		r.note(batch)
		results := make([]error, len(batch))
		for i, d := range batch {
			if d.Attempt == 1 {
				<-ctx.Done()
				results[i] = ctx.Err()
			}
		}
		return results
	}
	consume(t, f.Broker, "q", events.ConsumeOptions{Timeout: 50 * time.Millisecond}, h)
	publish(t, f.Broker, NewEvent("a.b", "a", 1))
	r.wait(t, "a second attempt", func(all []seen) bool { return len(all) == 2 && all[1].attempt == 2 })
}
