package persistence_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"entrepot"
	"entrepot/persistence"
	"entrepot/persistence/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var things = &persistence.Collection{
	Name:   "things",
	Fields: []persistence.Field{{Name: "number", Type: persistence.String, Unique: true}},
}

func newStore(t testing.TB) *storetest.FaultyStore {
	t.Helper()
	s := storetest.Faulty(storetest.NewMemory())
	if err := s.Ensure(context.Background(), []*persistence.Collection{things}); err != nil {
		t.Fatal(err)
	}
	return s
}

func insert(id entrepot.ID) persistence.Write {
	return persistence.Write{Collection: things, Doc: persistence.Document{ID: id, Version: 1, State: []byte(`{}`)}}
}

// outcomes collects the results of writes by document id.
type outcomes struct {
	mu      sync.Mutex
	results map[entrepot.ID][]error
	wg      sync.WaitGroup
}

func (a *outcomes) submit(c *persistence.Committer, w persistence.Write) bool {
	a.wg.Add(1)
	ok := c.Submit(w, func(err error) {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.results == nil {
			a.results = map[entrepot.ID][]error{}
		}
		a.results[w.Doc.ID] = append(a.results[w.Doc.ID], err)
		a.wg.Done()
	})
	if !ok {
		a.wg.Done()
	}
	return ok
}

func (a *outcomes) result(t *testing.T, id entrepot.ID) error {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	if n := len(a.results[id]); n != 1 {
		t.Fatalf("results of write %s: want 1, got %d", id, n)
	}
	return a.results[id][0]
}

func TestCommitterBatchesWhatArrivedMeanwhile(t *testing.T) {
	s := newStore(t)
	c := persistence.NewCommitter(s, persistence.CommitterOptions{MaxBatch: 50})
	defer c.Close()
	before := s.Counts().Commits
	release := s.Hold()
	var a outcomes
	ids := make([]entrepot.ID, 121)
	for i := range ids {
		ids[i] = entrepot.NewID()
		if !a.submit(c, insert(ids[i])) {
			t.Fatalf("Submit of write %d: want true, got false", i)
		}
		if i == 0 {
			<-s.Held() // alone in its batch
		}
	}
	release()
	a.wg.Wait()
	for _, id := range ids {
		if err := a.result(t, id); err != nil {
			t.Errorf("write %s: %v", id, err)
		}
		if _, err := s.Load(t.Context(), things, id); err != nil {
			t.Errorf("Load %s: %v", id, err)
		}
	}
	// The first write alone, then 120 writes in batches of at most 50.
	if n := s.Counts().Commits - before; n != 4 {
		t.Errorf("batches: want 4, got %d", n)
	}
	if batches, writes := c.Stats(); batches != 4 || writes != 121 {
		t.Errorf("Stats: want 4 batches and 121 writes, got %d and %d", batches, writes)
	}
}

func TestCommitterGivesEachWriteItsOwnResult(t *testing.T) {
	s := newStore(t)
	c := persistence.NewCommitter(s, persistence.CommitterOptions{})
	defer c.Close()
	var a outcomes
	first := insert("first")
	first.Doc.Fields = []any{"N-1"}
	a.submit(c, first)
	a.wg.Wait()

	release := s.Hold()
	a.submit(c, insert("gate"))
	<-s.Held()
	stale, twin, good := insert("stale"), insert("twin"), insert("good")
	stale.Doc.Version, twin.Doc.Fields = 5, []any{"N-1"}
	for _, w := range []persistence.Write{stale, twin, good} {
		a.submit(c, w)
	}
	release()
	a.wg.Wait()
	var dup *persistence.DuplicateError
	if err := a.result(t, "stale"); !errors.Is(err, persistence.ErrStale) || !persistence.IsFinal(err) {
		t.Errorf("stale write: want a final ErrStale, got %v", err)
	}
	if err := a.result(t, "twin"); !errors.As(err, &dup) || dup.Field != "number" || !persistence.IsFinal(err) {
		t.Errorf("duplicate write: want a final DuplicateError of number, got %v", err)
	}
	if err := a.result(t, "good"); err != nil {
		t.Errorf("valid write: %v", err)
	}
}

func TestCommitterIsBounded(t *testing.T) {
	s := newStore(t)
	c := persistence.NewCommitter(s, persistence.CommitterOptions{MaxQueue: 3, MaxBatch: 2})
	defer c.Close()
	release := s.Hold()
	defer release()
	var a outcomes
	a.submit(c, insert("0"))
	<-s.Held()
	for i, want := range []bool{true, true, true, false, false} {
		if got := a.submit(c, insert(entrepot.NewID())); got != want {
			t.Errorf("Submit of write %d: want %t, got %t", i, want, got)
		}
	}
	release()
	a.wg.Wait()
	if !a.submit(c, insert("later")) {
		t.Error("Submit with an empty queue: want true, got false")
	}
	a.wg.Wait()
}

func TestCommitterCloseDrains(t *testing.T) {
	s := newStore(t)
	c := persistence.NewCommitter(s, persistence.CommitterOptions{MaxBatch: 2})
	release := s.Hold()
	var a outcomes
	for range 9 {
		a.submit(c, insert(entrepot.NewID()))
	}
	<-s.Held()
	closed := make(chan struct{})
	go func() {
		c.Close()
		close(closed)
	}()
	// Writes submitted before Close still get their results.
	for a.submit(c, insert(entrepot.NewID())) {
		// until Close takes effect
	}
	select {
	case <-closed:
		t.Fatal("Close returned before the held batch was written")
	default:
	}
	release()
	<-closed
	for id := range a.results {
		if err := a.result(t, id); err != nil {
			t.Errorf("write %s: %v", id, err)
		}
	}
	if _, writes := c.Stats(); int(writes) != len(a.results) {
		t.Errorf("writes: want %d, as many as results, got %d", len(a.results), writes)
	}
	c.Close() // repeated calls are harmless
	if a.submit(c, insert("late")) {
		t.Error("Submit after Close: want false, got true")
	}
}

func TestCommitterSeveralInFlight(t *testing.T) {
	s := newStore(t)
	c := persistence.NewCommitter(s, persistence.CommitterOptions{InFlight: 3, MaxBatch: 1})
	defer c.Close()
	release := s.Hold()
	var a outcomes
	for range 10 {
		a.submit(c, insert(entrepot.NewID()))
	}
	for range 3 {
		<-s.Held() // three concurrent batches reach the store
	}
	select {
	case <-s.Held():
		t.Error("batches in flight: want at most 3, got 4")
	default:
	}
	release()
	a.wg.Wait()
}

func TestCommitterUnknownAndFailed(t *testing.T) {
	s := newStore(t)
	c := persistence.NewCommitter(s, persistence.CommitterOptions{})
	defer c.Close()
	for _, test := range []struct {
		fault storetest.Fault
		want  error
		lands bool
	}{
		{storetest.FailBefore, persistence.ErrNotExecuted, false},
		{storetest.LandThenUnknown, persistence.ErrUnknown, true},
		{storetest.DropThenUnknown, persistence.ErrUnknown, false},
		{storetest.Healthy, nil, true},
	} {
		var a outcomes
		id := entrepot.NewID()
		s.NextWrites(test.fault)
		a.submit(c, insert(id))
		a.wg.Wait()
		err := a.result(t, id)
		if !errors.Is(err, test.want) {
			t.Errorf("fault %d: want %v, got %v", test.fault, test.want, err)
		}
		if want := !errors.Is(test.want, persistence.ErrUnknown); persistence.IsFinal(err) != want {
			t.Errorf("fault %d: IsFinal(%v): want %t, got %t", test.fault, err, want, !want)
		}
		if _, err := s.Load(t.Context(), things, id); (err == nil) != test.lands {
			t.Errorf("fault %d: want the write to land: %t, got Load error %v", test.fault, test.lands, err)
		}
	}
}

// badStore violates the contract of Store.
type badStore struct {
	persistence.Store
	commit func() []error
}

func (b *badStore) Commit(context.Context, []persistence.Write) []error { return b.commit() }

func TestCommitterSurvivesABadStore(t *testing.T) {
	var calls atomic.Int32
	bad := &badStore{Store: storetest.NewMemory(), commit: func() []error {
		if calls.Add(1) == 1 {
			panic("a bug in the store")
		}
		return nil // too few results
	}}
	c := persistence.NewCommitter(bad, persistence.CommitterOptions{})
	var a outcomes
	for _, id := range []entrepot.ID{"panic", "too few"} {
		a.submit(c, insert(id))
		a.wg.Wait()
		if err := a.result(t, id); !errors.Is(err, persistence.ErrUnknown) || persistence.IsFinal(err) {
			t.Errorf("%s: want ErrUnknown, got %v", id, err)
		}
	}
	c.Close()
}

func TestCommitterGivesUpAHeldBatch(t *testing.T) {
	s := newStore(t)
	c := persistence.NewCommitter(s, persistence.CommitterOptions{Timeout: time.Millisecond})
	defer c.Close()
	release := s.Hold()
	defer release()
	var a outcomes
	a.submit(c, insert("slow"))
	a.wg.Wait()
	if err := a.result(t, "slow"); !errors.Is(err, persistence.ErrNotExecuted) {
		t.Errorf("batch over its timeout: want ErrNotExecuted, got %v", err)
	}
}

func TestCommitterManySubmitters(t *testing.T) {
	s := newStore(t)
	c := persistence.NewCommitter(s, persistence.CommitterOptions{MaxBatch: 16, InFlight: 2})
	var a outcomes
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 200 {
				a.submit(c, insert(entrepot.NewID()))
			}
		})
	}
	wg.Wait()
	c.Close()
	a.wg.Wait()
	if len(a.results) != 3200 {
		t.Errorf("results: want 3200, got %d", len(a.results))
	}
	for id := range a.results {
		if err := a.result(t, id); err != nil {
			t.Errorf("write %s: %v", id, err)
		}
	}
}
