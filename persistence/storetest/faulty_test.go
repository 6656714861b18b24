package storetest

import (
	"context"
	"errors"
	"testing"

	"entrepot"
	"entrepot/persistence"
)

func TestFaulty(t *testing.T) {
	f := Faulty(NewMemory())
	if err := f.Ensure(t.Context(), []*persistence.Collection{things}); err != nil {
		t.Fatal(err)
	}
	before := f.Counts()
	f.NextWrites(FailBefore, LandThenUnknown, DropThenUnknown)
	batch := make([]persistence.Write, 4)
	for i := range batch {
		batch[i] = write(persistence.Document{ID: entrepot.NewID(), Version: 1, State: []byte("{}")})
	}
	results := f.Commit(t.Context(), batch)
	for i, want := range []struct {
		err  error
		here bool
	}{{persistence.ErrNotExecuted, false}, {persistence.ErrUnknown, true}, {persistence.ErrUnknown, false}, {nil, true}} {
		if !errors.Is(results[i], want.err) {
			t.Errorf("result %d: want %v, got %v", i, want.err, results[i])
		}
		if _, err := f.Load(t.Context(), things, batch[i].Doc.ID); (err == nil) != want.here {
			t.Errorf("document %d: want it to exist: %t, got Load error %v", i, want.here, err)
		}
	}
	f.NextLoads(1)
	if _, err := f.Load(t.Context(), things, batch[3].Doc.ID); !errors.Is(err, ErrInjected) {
		t.Errorf("Load with a fault: want ErrInjected, got %v", err)
	}
	if _, err := f.Load(t.Context(), things, batch[3].Doc.ID); err != nil {
		t.Errorf("Load after the fault: %v", err)
	}
	after := f.Counts()
	got := Counts{after.Commits - before.Commits, after.Writes - before.Writes, after.Loads - before.Loads, after.Finds}
	if want := (Counts{1, 4, 6, 0}); got != want {
		t.Errorf("counts: want %+v, got %+v", want, got)
	}
	release := f.Hold()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan []error)
	go func() { done <- f.Commit(ctx, batch[:1]) }()
	<-f.Held()
	cancel()
	if results := <-done; !errors.Is(results[0], persistence.ErrNotExecuted) {
		t.Errorf("held commit whose context ended: want ErrNotExecuted, got %v", results[0])
	}
	go func() { done <- f.Commit(t.Context(), batch[:1]) }()
	<-f.Held()
	release()
	release()
	if results := <-done; results[0] != nil {
		t.Errorf("released commit: %v", results[0])
	}
}
