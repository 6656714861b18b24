package persistence_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"entrepot/persistence"
	"entrepot/persistence/storetest"
)

// lossyStore is a store that reports lost compare-and-sets as successful, as FerretDB v1 did.
type lossyStore struct {
	persistence.Store
	overwrite bool // really overwrite instead of only reporting success
}

func (c *lossyStore) Commit(ctx context.Context, batch []persistence.Write) []error {
	results := c.Store.Commit(ctx, batch)
	for i, err := range results {
		if !errors.Is(err, persistence.ErrStale) {
			continue
		}
		results[i] = nil
		if c.overwrite {
			w := batch[i]
			d, err := c.Load(ctx, w.Collection, w.Doc.ID)
			if err != nil {
				return results
			}
			w.Doc.Version = d.Version + 1
			c.Store.Commit(ctx, []persistence.Write{w})
		}
	}
	return results
}

// corruptStore is a store that reports success to one writer and keeps another's data.
type corruptStore struct{ persistence.Store }

func (l *corruptStore) Load(ctx context.Context, c *persistence.Collection, id string) (*persistence.Document, error) {
	d, err := l.Store.Load(ctx, c, id)
	if err == nil {
		d.Sequence += 100
	}
	return d, err
}

func TestProbeAcceptsAnHonestStoreQuickly(t *testing.T) {
	s := newStore(t)
	began := time.Now()
	if _, err := persistence.Probe(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(began); d > 200*time.Millisecond {
		t.Errorf("duration of the probe: want at most 200 ms, got %v", d)
	}
}

func TestProbeRejectsLostUpdates(t *testing.T) {
	for name, s := range map[string]persistence.Store{
		"reports success":      &lossyStore{Store: newStore(t)},
		"overwrites":           &lossyStore{Store: newStore(t), overwrite: true},
		"keeps another's data": &corruptStore{newStore(t)},
	} {
		_, err := persistence.Probe(t.Context(), s)
		if err == nil || !strings.Contains(err.Error(), "loses updates") {
			t.Errorf("store that %s: want an error about lost updates, got %v", name, err)
		}
	}
}

func TestProbeReportsAFailingStore(t *testing.T) {
	s := newStore(t)
	s.NextWrites(storetest.FailBefore)
	if _, err := persistence.Probe(t.Context(), s); !errors.Is(err, storetest.ErrInjected) {
		t.Errorf("failing commit: want ErrInjected, got %v", err)
	}
	s.OnWrite(nil)
	s.NextLoads(1)
	if _, err := persistence.Probe(t.Context(), s); !errors.Is(err, storetest.ErrInjected) {
		t.Errorf("failing load: want ErrInjected, got %v", err)
	}
}
