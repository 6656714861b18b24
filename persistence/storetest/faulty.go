package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"entrepot"
	"entrepot/persistence"
)

// Fault is what happens to one write.
type Fault int

// The faults of a write.
const (
	Healthy         Fault = iota
	FailBefore            // ErrNotExecuted; it did not happen
	LandThenUnknown       // it happens, and the answer is ErrUnknown
	DropThenUnknown       // it does not happen, and the answer is ErrUnknown
)

// ErrInjected is wrapped by every failure that a [FaultyStore] makes up.
var ErrInjected = errors.New("storetest: injected failure")

// FaultyStore is a store that fails when told to. Its settings may be changed at
// any time; everything it is not told passes through.
type FaultyStore struct {
	persistence.Store

	mu      sync.Mutex
	onWrite func(persistence.Write) Fault
	onLoad  func(*persistence.Collection, entrepot.ID) error
	gate    chan struct{}
	held    chan struct{}
	counts  Counts
}

// Counts are the calls that reached a [FaultyStore].
type Counts struct {
	Commits, Writes, Loads, Finds int
}

// Faulty wraps a store. It is healthy until told otherwise.
func Faulty(s persistence.Store) *FaultyStore {
	return &FaultyStore{Store: s, held: make(chan struct{}, 1024)}
}

// OnWrite decides about every write from now on; nil heals.
func (f *FaultyStore) OnWrite(decide func(persistence.Write) Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.onWrite = decide
}

// NextWrites gives the next writes these faults, one each, and then heals.
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

// OnLoad decides about every Load from now on: an error it returns is the
// answer, joined to ErrInjected. Nil heals.
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

// Hold keeps every Commit from now on until release is called, which may be
// done twice. A held Commit whose context ends answers ErrNotExecuted.
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

// Held receives once for each Commit that begins to be held.
func (f *FaultyStore) Held() <-chan struct{} { return f.held }

// Counts are the calls so far.
func (f *FaultyStore) Counts() Counts {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.counts
}

// Commit passes on what no fault keeps back.
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
	default: // nobody counts so many
	}
	select {
	case <-gate:
		return true
	case <-ctx.Done():
		return false
	}
}

// Load fails when told to.
func (f *FaultyStore) Load(ctx context.Context, c *persistence.Collection, id entrepot.ID) (*persistence.Document, error) {
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

// Find is counted.
func (f *FaultyStore) Find(ctx context.Context, c *persistence.Collection, scope entrepot.Scope, q persistence.Query) ([]persistence.Document, string, error) {
	f.mu.Lock()
	f.counts.Finds++
	f.mu.Unlock()
	return f.Store.Find(ctx, c, scope, q)
}
