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

// testOrder: first deliveries keep the order of an aggregate, four calls at a time.
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
			f.Broker.Publish(batch, func(err error) { // not waiting: many in flight
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

// inOrder checks that every aggregate's first deliveries have rising sequences.
func inOrder(t *testing.T, all []seen) {
	t.Helper()
	last, known := map[entrepot.ID]int64{}, map[entrepot.ID]bool{}
	for _, s := range all {
		if s.attempt > 1 || known[s.id] {
			continue
		}
		known[s.id] = true
		if s.seq <= last[s.agg] {
			t.Errorf("%s: %d came after %d", s.agg, s.seq, last[s.agg])
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
		t.Errorf("a batch of %d, over 7", r.longest)
	}
}

// testRetry: a failed delivery comes again after its delay, doubling, with its attempt.
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
			t.Fatalf("delivery %d: %+v", i, s)
		}
		if i > 0 && s.at.Sub(all[i-1].at) < delay<<(i-1) {
			t.Errorf("attempt %d came after %v, before its delay", i+1, s.at.Sub(all[i-1].at))
		}
	}
}

// testRetryBlocksNobody: while one event waits for its retry, others go on.
func testRetryBlocksNobody(t *testing.T, f Fixture) {
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
		t.Errorf("the failed event came %d times before its delay", times(all, bad.ID))
	}
}

// testDeadLetter: after the last attempt the event is kept, with its reason.
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
		t.Errorf("dead letter: %+v", dead[0])
	}
	if n := times(r.waitFor(t, bad.ID, good.ID), bad.ID); n != 3 {
		t.Errorf("%d attempts, not 3", n)
	}
	if again := letters(t, f.Broker, "q", 1); again[0].ID != bad.ID {
		t.Error("looking at a dead letter removed it")
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
		t.Errorf("dead letter: %+v", dead[0])
	}
	if all := r.waitFor(t, e.ID); len(all) != 1 {
		t.Errorf("%d attempts", len(all))
	}
}

// testUndecodable: a body that is no envelope never reaches the handler.
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
			t.Errorf("reason %q", d.Reason)
		}
	}
	raws := string(dead[0].Raw) + string(dead[1].Raw)
	if !strings.Contains(raws, "{not json") || !strings.Contains(raws, `{"hello":"world"}`) {
		t.Errorf("bodies %q", raws)
	}
	if all := r.waitFor(t, e.ID); len(all) != 1 {
		t.Errorf("the handler saw %d", len(all))
	}
}

func testWrongResults(t *testing.T, f Fixture) {
	declare(t, f.Broker, "q", "#")
	h := func(context.Context, []*events.Delivery) []error { return nil }
	consume(t, f.Broker, "q", events.ConsumeOptions{MaxAttempts: 2}, h)
	publish(t, f.Broker, NewEvent("a.b", "a", 1))
	if dead := letters(t, f.Broker, "q", 1); !strings.Contains(dead[0].Reason, "0 results") {
		t.Errorf("reason %q", dead[0].Reason)
	}
}

// testPanic: a panic is an error of the delivery that causes it, of no other.
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
		t.Errorf("dead letter: %+v", dead[0])
	}
	eventually(t, "the others are acknowledged", func() bool {
		s, err := f.Broker.Status(deadline(t))
		return err == nil && ready(s, "q") == 0
	})
}

// testTimeout: a call's context ends in time, and what it did not do comes again.
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
