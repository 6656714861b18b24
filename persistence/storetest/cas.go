package storetest

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"

	"entrepot"
	"entrepot/persistence"
)

func testInsertAndLoad(t *testing.T, f *fixture) {
	d := f.doc(entrepot.NewID())
	f.absent(d.ID)
	d.ShopID, d.OwnerID, d.Sequence = entrepot.NewID(), entrepot.NewID(), 7
	d.UpdatedAt, d.WakeAt = epoch.Add(time.Millisecond), epoch.Add(time.Hour)
	d.Fields = []any{"a name", "N-1", int64(-5), true, epoch.Add(time.Second), nil}
	d.Recent = []byte{0, 1, 2, 255}
	want := thing{
		Label: "été", Count: 1 << 62, Tags: []string{"x", ""},
		Price: entrepot.Money{Minor: 1999, Currency: "EUR"}, Since: epoch,
	}
	d.State = f.state(want)
	f.must(d)

	got := f.load(d.ID)
	if v := f.thing(got); !reflect.DeepEqual(v, want) {
		t.Errorf("state: want %+v, got %+v", want, v)
	}
	got.State, d.State = nil, nil
	if !reflect.DeepEqual(*got, d) {
		t.Errorf("document: want\n%+v\ngot\n%+v", d, *got)
	}

	// A document with nothing but an id.
	bare := persistence.Document{ID: "not-an-object-id:1", Version: 1, State: f.state(thing{})}
	f.must(bare)
	got = f.load(bare.ID)
	for i, v := range got.Fields {
		if v != nil {
			t.Errorf("field %d of a bare document: want nil, got %v", i, v)
		}
	}
	bareTimes := got.WakeAt.IsZero() && got.CreatedAt.IsZero()
	if len(got.Fields) != len(things.Fields) || !bareTimes || got.Recent != nil || len(got.Outbox) != 0 {
		t.Errorf("bare document: want only an id, got %+v", *got)
	}
}

func testInsertExisting(t *testing.T, f *fixture) {
	d := f.doc(entrepot.NewID())
	d.Fields[1] = "N-1"
	f.must(d)
	again := d
	again.State = f.state(thing{Label: "again"})
	if err := f.commit(again, event(again, 1)); !errors.Is(err, persistence.ErrStale) {
		t.Errorf("second insert with the same unique value: want ErrStale, got %v", err)
	}
	again.Fields = make([]any, len(things.Fields))
	if err := f.commit(again); !errors.Is(err, persistence.ErrStale) {
		t.Errorf("second insert: want ErrStale, got %v", err)
	}
	if v := f.thing(f.load(d.ID)); v.Label != "first" || len(f.events(d.ID)) != 0 {
		t.Errorf("after the lost insert: want the first label and no events, got %+v and %v", v, f.events(d.ID))
	}
}

func testStale(t *testing.T, f *fixture) {
	d := f.doc(entrepot.NewID())
	f.must(d)
	d.Version, d.State = 2, f.state(thing{Label: "second"})
	f.must(d)
	for _, version := range []int64{1, 2, 4, 100} {
		late := d
		late.Version, late.State, late.WakeAt = version, f.state(thing{Label: "late"}), epoch
		for _, before := range []*persistence.Document{nil, &d} {
			w := write(late, event(late, 1))
			w.Before = before
			if err := f.Commit(f.ctx, []persistence.Write{w})[0]; !errors.Is(err, persistence.ErrStale) {
				t.Errorf("version %d over 2, before %v: want ErrStale, got %v", version, before, err)
			}
		}
	}
	got := f.load(d.ID)
	if v := f.thing(got); v.Label != "second" || got.Version != 2 || !got.WakeAt.IsZero() || len(f.events(d.ID)) != 0 {
		t.Errorf("after stale writes: want version 2 without events, got %+v, %+v, events %v", got, v, f.events(d.ID))
	}
	absent := f.doc(d.CompanyID)
	absent.Version = 2
	if err := f.commit(absent, event(absent, 1)); !errors.Is(err, persistence.ErrStale) {
		t.Errorf("version 2 of an absent document: want ErrStale, got %v", err)
	}
	f.absent(absent.ID)
}

func testLostInBatch(t *testing.T, f *fixture) {
	company := entrepot.NewID()
	var batch []persistence.Write
	for i := range 40 {
		d := f.doc(company)
		if i%2 == 0 {
			f.must(d)
			d.Version = 2
		}
		if i%10 == 4 {
			d.Version = 3 // lost
		}
		w := write(d, event(d, 1))
		if i%3 == 0 {
			w.Before = &d
		}
		batch = append(batch, w)
	}
	for i, err := range f.Commit(f.ctx, batch) {
		d := batch[i].Doc
		lost := i%10 == 4
		switch {
		case lost && !errors.Is(err, persistence.ErrStale):
			t.Errorf("write %d: want ErrStale, got %v", i, err)
		case !lost && err != nil:
			t.Errorf("write %d: %v", i, err)
		case !lost && f.load(d.ID).Version != d.Version:
			t.Errorf("write %d: was reported as written, but the document has another version", i)
		}
		if n := len(f.events(d.ID)); (n == 1) == lost {
			t.Errorf("write %d (lost %t): want events only if written, got %d", i, lost, n)
		}
	}
	if results := f.Commit(f.ctx, nil); len(results) != 0 {
		t.Errorf("results of an empty batch: want 0, got %d", len(results))
	}
}

func testDuplicate(t *testing.T, f *fixture) {
	company := entrepot.NewID()
	first, second, third := f.doc(company), f.doc(company), f.doc(company)
	first.Fields[1], first.Fields[5] = "N-1", int64(0)
	second.Fields[1], third.Fields[5] = "N-1", int64(0)
	f.must(first)
	fourth := f.doc(company)
	results := f.Commit(f.ctx, []persistence.Write{
		write(second, event(second, 1)), write(third, event(third, 1)), write(fourth),
	})
	for i, field := range []string{"number", "serial"} {
		var dup *persistence.DuplicateError
		if !errors.As(results[i], &dup) || dup.Field != field {
			t.Errorf("result %d: want a duplicate of %q, got %v", i, field, results[i])
		}
	}
	if results[2] != nil {
		t.Errorf("write beside the duplicates: %v", results[2])
	}
	f.absent(second.ID)
	f.absent(third.ID)

	// The same by an update, first while the value is taken and then when it is free.
	fourth.Version, fourth.Fields = 2, []any{nil, "N-1", nil, nil, nil, nil}
	fourth.State = f.state(thing{Label: "refused"})
	var dup *persistence.DuplicateError
	if err := f.commit(fourth, event(fourth, 1)); !errors.As(err, &dup) || dup.Field != "number" {
		t.Errorf("update to a value in use: want a duplicate of \"number\", got %v", err)
	}
	got := f.load(fourth.ID)
	if got.Version != 1 || got.Fields[1] != nil || f.thing(got).Label != "first" || len(f.events(fourth.ID)) != 0 {
		t.Errorf("after the rejected update: want version 1 unchanged, got %+v", got)
	}
	first.Version, first.Fields = 2, make([]any, len(things.Fields))
	f.must(first)
	f.must(fourth)
	// A stale write is stale even if its values are duplicates.
	first.Version, first.Fields = 2, []any{nil, "N-1", nil, nil, nil, nil}
	if err := f.commit(first); !errors.Is(err, persistence.ErrStale) {
		t.Errorf("stale write with a value in use: want ErrStale, got %v", err)
	}
}

func testEmptyUnique(t *testing.T, f *fixture) {
	company := entrepot.NewID()
	for i := range 6 {
		d := f.doc(company)
		if i%2 == 0 {
			d.Fields[1] = ""
		}
		f.must(d)
		if got := f.load(d.ID).Fields[1]; got != d.Fields[1] {
			t.Errorf("empty value: want %#v, got %#v", d.Fields[1], got)
		}
		d.Version = 2
		f.must(d)
	}
}

func testAllOrNothing(t *testing.T, f *fixture) {
	d := f.doc(entrepot.NewID())
	d.WakeAt, d.Sequence = epoch, 2
	f.must(d, event(d, 1), event(d, 2))
	if got := f.load(d.ID); !got.WakeAt.Equal(epoch) || got.Sequence != 2 {
		t.Errorf("after the insert: want wakeAt and sequence 2, got %+v", got)
	}
	if got := f.events(d.ID); !reflect.DeepEqual(got, []string{"thing.event1", "thing.event2"}) {
		t.Errorf("events: want event1 and event2, got %v", got)
	}
	// Event 1 is confirmed by now; event 3 follows.
	d.Version, d.WakeAt, d.Sequence, d.Outbox = 2, time.Time{}, 3, f.load(d.ID).Outbox
	want := []string{"thing.event1", "thing.event2", "thing.event3"}
	if f.Log() == nil {
		d.Outbox, want = d.Outbox[1:], want[1:]
	}
	third := event(d, 3)
	f.must(d, third)
	if got := f.load(d.ID); !got.WakeAt.IsZero() || got.Sequence != 3 {
		t.Errorf("after the update: want no wakeAt and sequence 3, got %+v", got)
	}
	if got := f.events(d.ID); !reflect.DeepEqual(got, want) {
		t.Errorf("events: want %v, got %v", want, got)
	}
	sameEvent(t, f.lastEvent(d.ID), third)
}

func testManyWriters(t *testing.T, f *fixture) {
	const writers, rounds = 32, 3
	d := f.doc(entrepot.NewID())
	f.must(d)
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		wins = map[int64]int{}
	)
	for w := range writers {
		wg.Go(func() {
			for n := 0; n < rounds; {
				got, err := f.Load(f.ctx, things, d.ID)
				if err != nil {
					t.Errorf("writer %d: %v", w, err)
					return
				}
				v := f.thing(got)
				v.Count++
				next := *got
				next.Version++
				next.State, next.Sequence = f.state(v), got.Sequence+1
				switch err := f.commit(next, event(next, next.Sequence)); {
				case err == nil:
					n++
					mu.Lock()
					wins[next.Version]++
					mu.Unlock()
				case !errors.Is(err, persistence.ErrStale):
					t.Errorf("writer %d: %v", w, err)
					return
				}
			}
		})
	}
	wg.Wait()
	got := f.load(d.ID)
	if v := f.thing(got); v.Count != writers*rounds || got.Version != 1+writers*rounds {
		t.Errorf("after %d acknowledged increments: want as many and version %d, got count %d at version %d",
			writers*rounds, 1+writers*rounds, v.Count, got.Version)
	}
	for version, n := range wins {
		if n != 1 {
			t.Errorf("winners of version %d: want 1, got %d", version, n)
		}
	}
	if n := len(f.events(d.ID)); n != writers*rounds {
		t.Errorf("events: want %d, got %d", writers*rounds, n)
	}
}

func testConcurrentBatches(t *testing.T, f *fixture) {
	const batches, docs = 8, 20
	company := entrepot.NewID()
	first := make([]persistence.Document, docs)
	for i := range first {
		first[i] = f.doc(company)
		f.must(first[i])
	}
	wins := make([]int, docs)
	var wg sync.WaitGroup
	var mu sync.Mutex
	for b := range batches {
		wg.Go(func() {
			batch := make([]persistence.Write, docs)
			for i := range batch {
				d := first[(i*7+b)%docs] // in a different order for each batch
				d.Version, d.State = 2, f.state(thing{Count: int64(b)})
				batch[i] = write(d, event(d, 1))
			}
			for i, err := range f.Commit(f.ctx, batch) {
				switch {
				case err == nil:
					mu.Lock()
					wins[(i*7+b)%docs]++
					mu.Unlock()
				case !errors.Is(err, persistence.ErrStale):
					t.Errorf("batch %d, write %d: %v", b, i, err)
				}
			}
		})
	}
	wg.Wait()
	for i, n := range wins {
		if n != 1 || len(f.events(first[i].ID)) != 1 {
			t.Errorf("document %d: want 1 winner and 1 event, got %d and %d", i, n, len(f.events(first[i].ID)))
		}
	}
}

func testEndedContext(t *testing.T, f *fixture) {
	company := entrepot.NewID()
	for i := range 60 {
		batch := make([]persistence.Write, 20)
		for k := range batch {
			d := f.doc(company)
			batch[k] = write(d, event(d, 1))
		}
		// The context ends before, during or after the call.
		ctx, cancel := context.WithTimeout(f.ctx, time.Duration(i)*50*time.Microsecond)
		if i == 0 {
			cancel()
		}
		results := f.Commit(ctx, batch)
		cancel()
		for k, err := range results {
			f.checkOutcome(batch[k], err)
		}
	}
	ctx, cancel := context.WithCancel(f.ctx)
	cancel()
	d := f.doc(company)
	f.must(d)
	if _, err := f.Load(ctx, things, d.ID); err == nil || errors.Is(err, persistence.ErrNotFound) {
		t.Errorf("Load under an ended context: want its error, got %v", err)
	}
	if _, _, err := f.Find(ctx, things, entrepot.InCompany(company), persistence.Query{Limit: 1}); err == nil {
		t.Error("Find under an ended context: want an error, got nil")
	}
}

// checkOutcome fails the test if the result of an insert contradicts the store's content.
func (f *fixture) checkOutcome(w persistence.Write, result error) {
	f.t.Helper()
	id := w.Doc.ID
	switch {
	case result == nil:
		if n := len(f.events(id)); f.load(id).Version != 1 || n != 1 {
			f.t.Fatalf("events of one write: want 1, got %d", n)
		}
	case errors.Is(result, persistence.ErrNotExecuted):
		f.absent(id)
	case errors.Is(result, persistence.ErrUnknown):
		// Sending the same write again resolves an unknown outcome.
		again := f.Commit(f.ctx, []persistence.Write{w})[0]
		if again != nil && !errors.Is(again, persistence.ErrStale) {
			f.t.Fatalf("repeated write of unknown outcome: want nil or ErrStale, got %v", again)
		}
		if d, err := f.Load(f.ctx, things, id); err != nil || d.Version != 1 {
			f.t.Fatalf("after %v and repeated result %v: want version 1, got %+v, %v", result, again, d, err)
		}
	default:
		f.t.Fatalf("write under an ended context: want a defined result, got %v", result)
	}
}

func testSenselessWrite(t *testing.T, f *fixture) {
	good, noID, noVersion, wrongType, noCollection := f.doc("c"), f.doc("c"), f.doc("c"), f.doc("c"), f.doc("c")
	noID.ID, noVersion.Version, wrongType.Fields[2] = "", 0, "a string"
	stranger := &persistence.Collection{Name: "strangers"}
	noFields := persistence.Write{Collection: stranger, Doc: noCollection}
	results := f.Commit(f.ctx, []persistence.Write{
		write(good), write(noID), write(noVersion), write(wrongType), noFields, {Doc: noCollection},
	})
	if results[0] != nil {
		t.Errorf("valid write: %v", results[0])
	}
	for i, err := range results[1:] {
		if !errors.Is(err, persistence.ErrNotExecuted) {
			t.Errorf("invalid write %d: want ErrNotExecuted, got %v", i+1, err)
		}
	}
	f.absent(wrongType.ID)
}
