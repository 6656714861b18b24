package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"entrepot"
	"entrepot/persistence"
)

// Fault is the failure of one write.
type Fault int

// Faults of a write.
const (
	Healthy         Fault = iota
	FailBefore            // fails with ErrNotExecuted without writing
	LandThenUnknown       // writes, then returns ErrUnknown
	DropThenUnknown       // returns ErrUnknown without writing
)

// ErrInjected is wrapped by every failure that a [FaultyStore] injects.
var ErrInjected = errors.New("storetest: injected failure")

// FaultyStore wraps a store and injects failures. Its settings may be changed at any time; without
// them every call passes through.
type FaultyStore struct {
	persistence.Store

	mu      sync.Mutex
	onWrite func(persistence.Write) Fault
	onLoad  func(*persistence.Collection, entrepot.ID) error
	gate    chan struct{}
	held    chan struct{}
	counts  Counts
}

// Counts holds the number of calls that a [FaultyStore] has received.
type Counts struct {
	Commits, Writes, Loads, Finds int
}

// Faulty returns a FaultyStore without faults.
func Faulty(s persistence.Store) *FaultyStore {
	return &FaultyStore{Store: s, held: make(chan struct{}, 1024)}
}

// OnWrite sets the function that chooses the fault of every following write; nil removes all
// faults.
func (f *FaultyStore) OnWrite(decide func(persistence.Write) Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.onWrite = decide
}

// NextWrites assigns the faults to the next writes, one each; later writes are healthy.
func (f *FaultyStore) NextWrites(faults ...Fault) {
	f.OnWrite(func(persistence.Write) Fault { // called under f.mu
		if len(faults) == 0 {
			return Healthy
		}
		next := faults[0]
		faults = faults[1:]
		return next
	})
}

// OnLoad sets the function that decides whether the following loads fail. Its error is returned
// joined with ErrInjected; nil removes the faults.
func (f *FaultyStore) OnLoad(decide func(*persistence.Collection, entrepot.ID) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.onLoad = decide
}

// NextLoads makes the next n loads fail.
func (f *FaultyStore) NextLoads(n int) {
	f.OnLoad(func(*persistence.Collection, entrepot.ID) error { // called under f.mu
		if n--; n < 0 {
			return nil
		}
		return ErrInjected
	})
}

// Hold blocks every following Commit until release is called, which may be called repeatedly. A
// held Commit whose context ends returns ErrNotExecuted.
func (f *FaultyStore) Hold() (release func()) {
	gate := make(chan struct{})
	f.mu.Lock()
	f.gate = gate
	f.mu.Unlock()
	return sync.OnceFunc(func() {
		f.mu.Lock()
		if f.gate == gate {
			f.gate = nil
		}
		f.mu.Unlock()
		close(gate)
	})
}

// Held returns a channel that receives one value for each Commit that starts to be held.
func (f *FaultyStore) Held() <-chan struct{} { return f.held }

// Counts returns the numbers of calls so far.
func (f *FaultyStore) Counts() Counts {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.counts
}

// Commit applies the faults and passes on the remaining writes.
func (f *FaultyStore) Commit(ctx context.Context, batch []persistence.Write) []error {
	results := make([]error, len(batch))
	faults := make([]Fault, len(batch))
	f.mu.Lock()
	f.counts.Commits++
	f.counts.Writes += len(batch)
	gate := f.gate
	if f.onWrite != nil {
		for i, w := range batch {
			faults[i] = f.onWrite(w)
		}
	}
	f.mu.Unlock()
	if gate != nil && !f.wait(ctx, gate) {
		for i := range results {
			results[i] = fmt.Errorf("%w: %w", persistence.ErrNotExecuted, ctx.Err())
		}
		return results
	}
	var passed []persistence.Write
	var places []int
	for i, fault := range faults {
		switch fault {
		case FailBefore:
			results[i] = fmt.Errorf("%w: %w", persistence.ErrNotExecuted, ErrInjected)
		case DropThenUnknown:
			results[i] = fmt.Errorf("%w: %w", persistence.ErrUnknown, ErrInjected)
		default:
			passed, places = append(passed, batch[i]), append(places, i)
		}
	}
	for k, err := range f.Store.Commit(ctx, passed) {
		i := places[k]
		results[i] = err
		if faults[i] == LandThenUnknown {
			results[i] = fmt.Errorf("%w: %w", persistence.ErrUnknown, ErrInjected)
		}
	}
	return results
}

func (f *FaultyStore) wait(ctx context.Context, gate chan struct{}) bool {
	select {
	case f.held <- struct{}{}:
	default: // the buffer suffices for every test
	}
	select {
	case <-gate:
		return true
	case <-ctx.Done():
		return false
	}
}

// Load passes the call on unless a fault is due.
func (f *FaultyStore) Load(
	ctx context.Context, c *persistence.Collection, id entrepot.ID,
) (*persistence.Document, error) {
	f.mu.Lock()
	f.counts.Loads++
	var err error
	if f.onLoad != nil {
		err = f.onLoad(c, id)
	}
	f.mu.Unlock()
	if err != nil {
		return nil, errors.Join(ErrInjected, err)
	}
	return f.Store.Load(ctx, c, id)
}

// Find counts the call and passes it on.
func (f *FaultyStore) Find(
	ctx context.Context, c *persistence.Collection, scope entrepot.Scope, q persistence.Query,
) ([]persistence.Document, string, error) {
	f.mu.Lock()
	f.counts.Finds++
	f.mu.Unlock()
	return f.Store.Find(ctx, c, scope, q)
}
