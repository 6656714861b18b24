package grains_test

import (
	"context"
	"sync/atomic"
	"testing"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/persistence"
	"entrepot/persistence/storetest"

	"go.uber.org/goleak"
)

// slowStore is a store whose loads wait for the end of their context while slow is set.
type slowStore struct {
	persistence.Store
	slow    atomic.Bool
	running atomic.Int64
	loads   atomic.Int64
	started chan struct{}
}

func newSlowStore(s persistence.Store) *slowStore {
	return &slowStore{Store: s, started: make(chan struct{}, 16)}
}

func (s *slowStore) Load(
	ctx context.Context, c *persistence.Collection, id entrepot.ID,
) (*persistence.Document, error) {
	if !s.slow.Load() {
		return s.Store.Load(ctx, c, id)
	}
	s.loads.Add(1)
	s.running.Add(1)
	defer s.running.Add(-1)
	s.started <- struct{}{}
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestStopEndsLoads(t *testing.T) {
	store := newSlowStore(storetest.NewMemory())
	m := grainstest.New(t, store, []*grains.Kind{tallyKind(nil)})
	store.slow.Store(true)
	result := make(chan error, 1)
	go func() {
		_, err := tryAdd(m, 1)
		result <- err
	}()
	<-store.started
	m.Host.Stop()
	if n := store.running.Load(); n != 0 {
		t.Errorf("%d loads run after Stop", n)
	}
	if err := <-result; entrepot.CodeOf(err) != entrepot.CodeUnavailable {
		t.Errorf("the command whose load was ended: %v, want %s", err, entrepot.CodeUnavailable)
	}
	if _, err := tryAdd(m, 1); entrepot.CodeOf(err) != entrepot.CodeUnavailable {
		t.Errorf("a command after Stop: %v, want %s", err, entrepot.CodeUnavailable)
	}
	if n := store.loads.Load(); n != 1 {
		t.Errorf("%d loads, want none after Stop", n-1)
	}
	m.Host.Stop() // twice is allowed
}

func TestStopEndsTheResolutionOfAWrite(t *testing.T) {
	faulty := storetest.Faulty(storetest.NewMemory())
	store := newSlowStore(faulty)
	m := grainstest.New(t, store, []*grains.Kind{tallyKind(nil)})
	mustAdd(t, m, 1, 1)
	store.slow.Store(true)
	faulty.NextWrites(storetest.LandThenUnknown)
	result := make(chan error, 1)
	go func() {
		_, err := tryAdd(m, 2)
		result <- err
	}()
	<-store.started
	m.Host.Stop()
	if n := store.running.Load(); n != 0 {
		t.Errorf("%d loads run after Stop", n)
	}
	if err := <-result; entrepot.CodeOf(err) != entrepot.CodeUnknownOutcome {
		t.Errorf("the command whose write was not resolved: %v, want %s", err, entrepot.CodeUnknownOutcome)
	}
}

func TestStopLeavesNoGoroutine(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent()) // earlier tests' members may still be closing
	b := newBlocked()
	t.Run("member", func(t *testing.T) { // its end stops the member
		m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{tallyKind(nil), errandKind(b.do, (*errand).fetch)})
		mustAdd(t, m, 1, 1)
		mustWant(t, m, "milk")
		<-b.started
	})
}

func TestHostStopsBeforeItStarts(t *testing.T) {
	committer := persistence.NewCommitter(storetest.NewMemory(), persistence.CommitterOptions{})
	defer committer.Close()
	grains.NewHost(grains.Config{Committer: committer}).Stop()
}
