package rest

import (
	"context"
	"net/http"
	"testing"
	"time"

	"entrepot"
	"entrepot/persistence"
	"entrepot/persistence/storetest"
)

// keys is a store of keys with a clock of its own.
func keys(t *testing.T) (*KeyStore, *storetest.FaultyStore, *time.Time) {
	t.Helper()
	store := storetest.Faulty(storetest.NewMemory())
	if err := store.Ensure(t.Context(), []*persistence.Collection{IdempotencyKeys}); err != nil {
		t.Fatal(err)
	}
	now := time.UnixMilli(1_750_000_000_000)
	c := persistence.NewCommitter(store, persistence.CommitterOptions{})
	t.Cleanup(c.Close)
	return NewKeyStore(c, func() time.Time { return now }), store, &now
}

func TestKeysThroughTime(t *testing.T) {
	t.Parallel()
	s, store, now := keys(t)
	id := entrepot.NewID()
	begin := func(print string, want entrepot.Code) (*heldKey, *keyState) {
		t.Helper()
		k, known, err := s.begin(t.Context(), id, "u", []byte(print))
		if entrepot.CodeOf(err) != want {
			t.Fatalf("begin: %v, want %q", err, want)
		}
		return k, known
	}
	begin("a", "")
	begin("a", entrepot.CodeInFlight)
	begin("b", entrepot.CodeKeyReused)
	*now = now.Add(keyLease) // its member died
	k, _ := begin("a", "")
	begin("a", entrepot.CodeInFlight)
	if err := k.end(t.Context(), http.StatusConflict, nil, nil); err != nil {
		t.Fatal(err)
	}
	k, _ = begin("b", "") // refused, and put right
	ended, cancel := context.WithCancel(t.Context())
	cancel() // the client has left; its answer is kept all the same
	if err := k.end(ended, http.StatusCreated, http.Header{"Location": {"/x"}, "Set-Cookie": {"s"}}, []byte("made")); err != nil {
		t.Fatal(err)
	}
	if _, known := begin("b", ""); known == nil || known.Status != 201 || string(known.Body) != "made" || len(known.Header) != 1 {
		t.Fatalf("%+v", known)
	}
	begin("a", entrepot.CodeKeyReused)
	*now = now.Add(keyKept)
	if n, err := store.Purge(t.Context(), IdempotencyKeys, *now, 10); n != 1 || err != nil {
		t.Fatalf("%d keys were purged: %v", n, err)
	}
	begin("a", "") // a day later it is another key
}

// TestAKeyThatCannotBeKept: nothing is executed under it.
func TestAKeyThatCannotBeKept(t *testing.T) {
	t.Parallel()
	for _, fault := range []storetest.Fault{storetest.FailBefore, storetest.LandThenUnknown, storetest.DropThenUnknown} {
		s, store, _ := keys(t)
		store.NextWrites(fault)
		if _, _, err := s.begin(t.Context(), entrepot.NewID(), "u", []byte("a")); entrepot.CodeOf(err) != entrepot.CodeUnavailable {
			t.Errorf("fault %v: %v", fault, err)
		}
	}
}
