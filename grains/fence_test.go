package grains_test

import (
	"errors"
	"testing"

	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/persistence"
	"entrepot/persistence/storetest"
)

// TestNothingToDoIsFenced: an activation that another one has overtaken does not
// acknowledge from old memory that there is nothing to do, and what does not
// exist does not come to be by being left alone.
func TestNothingToDoIsFenced(t *testing.T) {
	store := storetest.NewMemory()
	stale, fresh := grainstest.New(t, store, []*grains.Kind{tallyKind(nil)}), grainstest.New(t, store, []*grains.Kind{tallyKind(nil)})
	mustAdd(t, stale, 0, 0)
	if _, err := store.Load(t.Context(), tallies, id); !errors.Is(err, persistence.ErrNotFound) {
		t.Fatalf("nothing was added to nothing: %v", err)
	}
	mustAdd(t, stale, 1, 1)
	mustAdd(t, fresh, 2, 3)
	mustAdd(t, stale, 0, 3)
}
