package grains_test

import (
	"errors"
	"testing"

	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/persistence"
	"entrepot/persistence/storetest"
)

// A stale activation does not acknowledge from old memory that there is nothing to do. A command that
// does nothing to an absent entity does not create it.
func TestNothingToDoIsFenced(t *testing.T) {
	store := storetest.NewMemory()
	stale := grainstest.New(t, store, []*grains.Kind{tallyKind(nil)})
	fresh := grainstest.New(t, store, []*grains.Kind{tallyKind(nil)})
	mustAdd(t, stale, 0, 0)
	if _, err := store.Load(t.Context(), tallies, id); !errors.Is(err, persistence.ErrNotFound) {
		t.Fatalf("after adding nothing: %v, want no document", err)
	}
	mustAdd(t, stale, 1, 1)
	mustAdd(t, fresh, 2, 3)
	mustAdd(t, stale, 0, 3)
}
