package storetest

import (
	"errors"
	"slices"
	"testing"

	"entrepot"
	"entrepot/events"
	"entrepot/persistence"
)

func testLog(t *testing.T, f *fixture) {
	log := f.Log()
	if log == nil {
		t.Skip("this store keeps its events in the documents")
	}
	if log.Name() == "" {
		t.Error("the log has no name")
	}
	read := func(after int64, limit int) (entries []events.LogEntry) {
		t.Helper()
		entries, err := log.Read(f.ctx, after, limit)
		if err != nil {
			t.Fatalf("Read: %v", err)
		}
		return entries
	}
	last := func() int64 {
		t.Helper()
		n, err := log.Last(f.ctx)
		if err != nil {
			t.Fatalf("Last: %v", err)
		}
		return n
	}
	if n := last(); n != 0 || len(read(0, 10)) != 0 {
		t.Fatalf("empty log: want Last 0 and no entries, got Last %d", n)
	}
	signal, cancel := log.Appended()
	defer cancel()
	second, cancelSecond := log.Appended()

	d := f.doc(entrepot.NewID())
	f.must(d, event(d, 1), event(d, 2))
	<-signal
	<-second
	cancelSecond()
	cancelSecond()
	if n := len(read(0, 10)); n != 2 {
		t.Fatalf("entries after the signal: want 2, got %d", n)
	}
	// Writes without events and lost writes append and signal nothing.
	d.Version = 2
	f.must(d)
	if err := f.commit(d, event(d, 3)); !errors.Is(err, persistence.ErrStale) {
		t.Fatal(err)
	}
	select {
	case <-signal:
		t.Error("received a signal without a new entry")
	default:
	}
	// Commits do not wait for a slow subscriber.
	for v := int64(3); v < 13; v++ {
		d.Version = v
		f.must(d, event(d, v))
	}
	<-signal
	all := read(0, 100)
	if len(all) != 12 || !slices.IsSortedFunc(all, func(a, b events.LogEntry) int { return int(a.Seq - b.Seq) }) {
		t.Fatalf("log: want 12 entries in ascending order, got %v", all)
	}
	for i, entry := range all {
		want := int64(i + 1)
		if e := decode(t, entry); e.Aggregate.Sequence != want {
			t.Errorf("entry %d: want event %d, got %d", i, want, e.Aggregate.Sequence)
		}
	}
	if got := read(all[4].Seq, 3); len(got) != 3 || got[0].Seq != all[5].Seq {
		t.Errorf("Read from the middle: want 3 entries, got %v", got)
	}
	if got := read(last(), 3); len(got) != 0 {
		t.Errorf("Read after the last entry: want none, got %v", got)
	}
	testTrim(t, f, d, all, read, last)
}

func testTrim(
	t *testing.T, f *fixture, d persistence.Document, all []events.LogEntry,
	read func(int64, int) []events.LogEntry, last func() int64,
) {
	trim := func(upTo int64) {
		t.Helper()
		if err := f.Log().Trim(f.ctx, upTo); err != nil {
			t.Fatalf("Trim: %v", err)
		}
	}
	trim(all[6].Seq)
	if got := read(0, 100); len(got) != 5 || got[0].Seq != all[7].Seq {
		t.Errorf("after Trim: want the last 5 entries, got %v", got)
	}
	// A trimmed number is never reused, and Last still returns it.
	end := last()
	trim(end + 1000)
	if got := read(0, 100); len(got) != 0 || last() != end {
		t.Errorf("after trimming everything: want no entries and Last %d, got %v and %d", end, got, last())
	}
	d.Version++
	f.must(d, event(d, 13))
	if got := read(end, 100); len(got) != 1 || got[0].Seq <= end {
		t.Errorf("entries after a full trim: want 1 with Seq above %d, got %v", end, got)
	}
}
