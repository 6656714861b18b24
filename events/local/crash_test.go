package local_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"entrepot/events"
	"entrepot/events/eventstest"
	"entrepot/events/local"
)

// TestCrash opens a copy of the file as a killed process would leave it: unsaved acknowledgements
// are delivered again, and failures and published events are preserved.
func TestCrash(t *testing.T) {
	dir, l := t.TempDir(), eventstest.NewLog("store", 1)
	path := filepath.Join(dir, "broker.sqlite")
	b := open(t, path, local.Options{CursorEvery: time.Hour})
	declare(t, b, bind("q", "#"))
	b.Attach(l)
	fill(l, "a.good", 40)
	fill(l, "a.bad", 1)
	fill(l, "a.worse", 1)
	var seen atomic.Int64
	handler := func(_ context.Context, batch []*events.Delivery) []error {
		results := make([]error, len(batch))
		for i, d := range batch {
			switch d.Type {
			case "a.bad":
				results[i] = errors.New("bad")
			case "a.worse":
				results[i] = events.Permanent(errors.New("worse"))
			}
		}
		seen.Add(int64(len(batch)))
		return results
	}
	_, err := b.Consume("q", events.ConsumeOptions{RetryDelay: time.Hour}, handler)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	b.Publish([]events.Envelope{eventstest.NewEvent("a.good", "p", 1)}, func(err error) { done <- err })
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	eventually(t, "all is handled", func() bool {
		s, err := b.Status(context.Background())
		return err == nil && seen.Load() == 43 && s[0].Unacked == 0
	})

	killed := filepath.Join(dir, "killed.sqlite")
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(path + suffix)
		if err == nil {
			err = os.WriteFile(killed+suffix, data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	after := open(t, killed, local.Options{})
	declare(t, after, bind("q", "#"))
	after.Attach(l)
	status, err := after.Status(context.Background())
	if err != nil || status[0].Ready != 44 || status[1].Ready != 1 {
		t.Errorf("status after the crash: want 44 ready and 1 dead letter, got %+v (error %v)", status, err)
	}
	again := newCounting(43)
	consume(t, after, "q", again.handle)
	again.wait(t)
}
