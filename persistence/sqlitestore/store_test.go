package sqlitestore

import (
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"entrepot/persistence"
	"entrepot/persistence/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// reopenable implements storetest.Reopener on the same file.
type reopenable struct {
	*Store
	o Options
}

func (r *reopenable) Reopen(t *testing.T) persistence.Store {
	t.Helper()
	if err := r.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	return openAt(t, r.path, r.o)
}

func openAt(t testing.TB, path string, o Options) *reopenable {
	t.Helper()
	s, err := Open(t.Context(), path, o)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return &reopenable{s, o}
}

func openTemp(t testing.TB, o Options) *reopenable {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "thingsdb.sqlite"), o)
}

func TestSuite(t *testing.T) {
	storetest.Run(t, func(t *testing.T) persistence.Store { return openTemp(t, Options{}) })
}
