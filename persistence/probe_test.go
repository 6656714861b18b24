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

// cheat is a database that calls lost compare-and-sets won, as FerretDB v1 did.
type cheat struct {
	persistence.Store
	overwrite bool // and really overwrites, instead of only saying so
}

func (c *cheat) Commit(ctx context.Context, batch []persistence.Write) []error {
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

// late is a database that says yes to one and keeps the other.
type late struct{ persistence.Store }

func (l *late) Load(ctx context.Context, c *persistence.Collection, id string) (*persistence.Document, error) {
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
		t.Errorf("the probe took %v", d)
	}
}

func TestProbeRefusesACheat(t *testing.T) {
	for name, s := range map[string]persistence.Store{
		"reports success":      &cheat{Store: newStore(t)},
		"overwrites":           &cheat{Store: newStore(t), overwrite: true},
		"keeps another's data": &late{newStore(t)},
	} {
		_, err := persistence.Probe(t.Context(), s)
		if err == nil || !strings.Contains(err.Error(), "loses updates") {
			t.Errorf("a store that %s: %v", name, err)
		}
	}
}

func TestProbeReportsAFailingStore(t *testing.T) {
	s := newStore(t)
	s.NextWrites(storetest.FailBefore)
	if _, err := persistence.Probe(t.Context(), s); !errors.Is(err, storetest.ErrInjected) {
		t.Errorf("%v", err)
	}
	s.OnWrite(nil)
	s.NextLoads(1)
	if _, err := persistence.Probe(t.Context(), s); !errors.Is(err, storetest.ErrInjected) {
		t.Errorf("%v", err)
	}
}
