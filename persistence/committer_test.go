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

var things = &persistence.Collection{Name: "things", Fields: []persistence.Field{{Name: "number", Type: persistence.String, Unique: true}}}

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

// answers collects results by name, and how often each came.
type answers struct {
	mu      sync.Mutex
	results map[entrepot.ID][]error
	wg      sync.WaitGroup
}

func (a *answers) submit(c *persistence.Committer, w persistence.Write) bool {
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

func (a *answers) of(t *testing.T, id entrepot.ID) error {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	if n := len(a.results[id]); n != 1 {
		t.Fatalf("%d results for %s", n, id)
	}
	return a.results[id][0]
}

func TestCommitterBatchesWhatArrivedMeanwhile(t *testing.T) {
	s := newStore(t)
	c := persistence.NewCommitter(s, persistence.CommitterOptions{MaxBatch: 50})
	defer c.Close()
	before := s.Counts().Commits
	release := s.Hold()
	var a answers
	ids := make([]entrepot.ID, 121)
	for i := range ids {
		ids[i] = entrepot.NewID()
		if !a.submit(c, insert(ids[i])) {
			t.Fatalf("write %d refused", i)
		}
		if i == 0 {
			<-s.Held() // alone in its batch
		}
	}
	release()
	a.wg.Wait()
	for _, id := range ids {
		if err := a.of(t, id); err != nil {
			t.Errorf("%s: %v", id, err)
		}
		if _, err := s.Load(t.Context(), things, id); err != nil {
			t.Errorf("Load %s: %v", id, err)
		}
	}
	// 1, then 120 in batches of at most 50.
	if n := s.Counts().Commits - before; n != 4 {
		t.Errorf("%d batches, want 4", n)
	}
	if batches, writes := c.Stats(); batches != 4 || writes != 121 {
		t.Errorf("Stats %d, %d", batches, writes)
	}
}

func TestCommitterGivesEachWriteItsOwnResult(t *testing.T) {
	s := newStore(t)
	c := persistence.NewCommitter(s, persistence.CommitterOptions{})
	defer c.Close()
	var a answers
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
	if err := a.of(t, "stale"); !errors.Is(err, persistence.ErrStale) || !persistence.IsFinal(err) {
		t.Errorf("stale: %v", err)
	}
	if err := a.of(t, "twin"); !errors.As(err, &dup) || dup.Field != "number" || !persistence.IsFinal(err) {
		t.Errorf("twin: %v", err)
	}
	if err := a.of(t, "good"); err != nil {
		t.Errorf("good: %v", err)
	}
}

func TestCommitterIsBounded(t *testing.T) {
	s := newStore(t)
	c := persistence.NewCommitter(s, persistence.CommitterOptions{MaxQueue: 3, MaxBatch: 2})
	defer c.Close()
	release := s.Hold()
	defer release()
	var a answers
	a.submit(c, insert("0"))
	<-s.Held()
	for i, want := range []bool{true, true, true, false, false} {
		if got := a.submit(c, insert(entrepot.NewID())); got != want {
			t.Errorf("write %d accepted: %t", i, got)
		}
	}
	release()
	a.wg.Wait()
	if !a.submit(c, insert("later")) {
		t.Error("refused with an empty queue")
	}
	a.wg.Wait()
}

func TestCommitterCloseDrains(t *testing.T) {
	s := newStore(t)
	c := persistence.NewCommitter(s, persistence.CommitterOptions{MaxBatch: 2})
	release := s.Hold()
	var a answers
	for range 9 {
		a.submit(c, insert(entrepot.NewID()))
	}
	<-s.Held()
	closed := make(chan struct{})
	go func() {
		c.Close()
		close(closed)
	}()
	// Everything submitted before it was closed still gets its result.
	for a.submit(c, insert(entrepot.NewID())) {
		// until Close has begun
	}
	select {
	case <-closed:
		t.Fatal("Close did not wait")
	default:
	}
	release()
	<-closed
	for id := range a.results {
		if err := a.of(t, id); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
	if _, writes := c.Stats(); int(writes) != len(a.results) {
		t.Errorf("%d writes, %d results", writes, len(a.results))
	}
	c.Close() // twice is harmless
	if a.submit(c, insert("late")) {
		t.Error("a write after Close was accepted")
	}
}

func TestCommitterSeveralInFlight(t *testing.T) {
	s := newStore(t)
	c := persistence.NewCommitter(s, persistence.CommitterOptions{InFlight: 3, MaxBatch: 1})
	defer c.Close()
	release := s.Hold()
	var a answers
	for range 10 {
		a.submit(c, insert(entrepot.NewID()))
	}
	for range 3 {
		<-s.Held() // three batches at a time reach the store
	}
	select {
	case <-s.Held():
		t.Error("a fourth batch is in flight")
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
		var a answers
		id := entrepot.NewID()
		s.NextWrites(test.fault)
		a.submit(c, insert(id))
		a.wg.Wait()
		err := a.of(t, id)
		if !errors.Is(err, test.want) || persistence.IsFinal(err) == errors.Is(test.want, persistence.ErrUnknown) {
			t.Errorf("fault %d: %v, want %v", test.fault, err, test.want)
		}
		if _, err := s.Load(t.Context(), things, id); (err == nil) != test.lands {
			t.Errorf("fault %d: Load: %v", test.fault, err)
		}
	}
}

// badStore breaks the contract.
type badStore struct {
	persistence.Store
	commit func() []error
}

func (b *badStore) Commit(context.Context, []persistence.Write) []error { return b.commit() }

func TestCommitterSurvivesABadStore(t *testing.T) {
	var calls atomic.Int32
	bad := &badStore{Store: storetest.NewMemory(), commit: func() []error {
		if calls.Add(1) == 1 {
			panic("a defect")
		}
		return nil // too few
	}}
	c := persistence.NewCommitter(bad, persistence.CommitterOptions{})
	var a answers
	for _, id := range []entrepot.ID{"panic", "too few"} {
		a.submit(c, insert(id))
		a.wg.Wait()
		if err := a.of(t, id); !errors.Is(err, persistence.ErrUnknown) || persistence.IsFinal(err) {
			t.Errorf("%s: %v, want ErrUnknown", id, err)
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
	var a answers
	a.submit(c, insert("slow"))
	a.wg.Wait()
	if err := a.of(t, "slow"); !errors.Is(err, persistence.ErrNotExecuted) {
		t.Errorf("a batch over its time: %v", err)
	}
}

func TestCommitterManySubmitters(t *testing.T) {
	s := newStore(t)
	c := persistence.NewCommitter(s, persistence.CommitterOptions{MaxBatch: 16, InFlight: 2})
	var a answers
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
		t.Errorf("%d results of 3200", len(a.results))
	}
	for id := range a.results {
		if err := a.of(t, id); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
}
