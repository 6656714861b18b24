package actors

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"entrepot"
	"entrepot/actors/actorstest"
	"entrepot/grains"
	"entrepot/grains/inventory/stock"
	"entrepot/persistence"
	"entrepot/persistence/storetest"
)

func TestWakerRemovesExpiredRows(t *testing.T) {
	store, rows := storetest.NewMemory(), &persistence.Collection{Name: "rows"}
	if err := store.Ensure(t.Context(), []*persistence.Collection{rows}); err != nil {
		t.Fatal(err)
	}
	now := time.UnixMilli(1_800_000_000_000).UTC()
	for id, at := range map[string]time.Time{"over": now, "later": now.Add(time.Second)} {
		w := persistence.Write{
			Collection: rows,
			Doc: persistence.Document{
				ID: id, Version: 1, WakeAt: at, CreatedAt: now, UpdatedAt: now, State: []byte("{}"),
			},
		}
		if err := store.Commit(t.Context(), []persistence.Write{w})[0]; err != nil {
			t.Fatal(err)
		}
	}
	w := StartWaker(WakerConfig{
		Store: store, Rows: []*persistence.Collection{rows}, Clock: func() time.Time { return now }, Period: time.Hour,
		Logger: slog.New(slog.DiscardHandler),
	})
	defer w.Stop()
	w.RunOnce(t.Context())
	_, gone := store.Load(t.Context(), rows, "over")
	if _, err := store.Load(t.Context(), rows, "later"); !errors.Is(gone, persistence.ErrNotFound) || err != nil {
		t.Fatalf("expired row: %v, want not found; other row: %v", gone, err)
	}
}

func TestWakerWakesDueEntitiesOfThisMember(t *testing.T) {
	store := storetest.NewMemory()
	kind := stock.Kind()
	if err := store.Ensure(t.Context(), []*persistence.Collection{kind.Collection}); err != nil {
		t.Fatal(err)
	}
	now := time.UnixMilli(1_800_000_000_000).UTC()
	for id, at := range map[string]time.Time{
		"due": now, "other": now.Add(-time.Hour), "later": now.Add(time.Second), "never": {},
	} {
		w := persistence.Write{Collection: kind.Collection, Doc: persistence.Document{
			ID: id, Version: 1, WakeAt: at, CreatedAt: now, UpdatedAt: now, Fields: []any{"p", int64(1)}, State: []byte("{}"),
		}}
		if err := store.Commit(t.Context(), []persistence.Write{w})[0]; err != nil {
			t.Fatal(err)
		}
	}
	a := &actorstest.Recorder{}
	w := StartWaker(WakerConfig{
		Store: store, Kinds: []*grains.Kind{kind}, Ask: a, Clock: func() time.Time { return now }, Period: time.Hour,
		Mine: func(_ string, id entrepot.ID) bool { return id != "other" }, Logger: slog.New(slog.DiscardHandler),
	})
	defer w.Stop()
	if n := w.RunOnce(t.Context()); n != 1 || len(a.IDs) != 1 || a.IDs[0][:4] != "due/" {
		t.Fatalf("woke %d: %v, want only the entity due", n, a.IDs)
	}
}
