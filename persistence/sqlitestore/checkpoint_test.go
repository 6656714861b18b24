package sqlitestore

import "testing"

// grow commits until the log's file is larger than a size.
func grow(t *testing.T, s *Store, beyond int64) {
	t.Helper()
	for s.checkpoints.logSize() <= beyond {
		mustCommit(t, s, batchOf(20, 6000))
	}
}

// TestLongReadKeepsTheLogNoLongerThanItself holds a read open: the log grows beyond
// its bound and checkpoints are tried again as it grows. After the read's end the
// next one lets the log begin anew, and the file is cut back to the bound.
func TestLongReadKeepsTheLogNoLongerThanItself(t *testing.T) {
	const bound = 1 << 20
	s := openNotes(t, Options{Unsafe: true, LogBytes: bound})
	p := &s.checkpoints
	p.stop() // the test does its work
	c, err := s.openCheckpointer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.close() }()
	reader, err := open(t.Context(), s.path, s.o.BusyTimeout)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.close() }()
	read := func(text string) {
		t.Helper()
		if err := reader.rows(t.Context(), text, nil, func([]value) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}

	mustCommit(t, s, batchOf(1, 100))
	if len(p.wake) != 0 {
		t.Error("a checkpoint is due within the bound")
	}
	read("BEGIN")
	read("SELECT count(*) FROM notes")
	grow(t, s, bound)
	if len(p.wake) != 1 {
		t.Error("no checkpoint is due beyond the bound")
	}
	if err := p.once(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if due := p.due.Load(); due <= p.logSize() || due > p.logSize()+bound {
		t.Errorf("the next checkpoint is due at %d bytes, the log has %d", due, p.logSize())
	}
	grow(t, s, p.due.Load())
	if len(p.wake) != 1 {
		t.Error("no checkpoint is due after the log has grown")
	}

	read("COMMIT")
	if err := p.once(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		mustCommit(t, s, batchOf(20, 6000))
		if size := p.logSize(); size != bound {
			t.Errorf("the log has %d bytes, not %d", size, bound)
		}
	}
	if len(p.wake) != 0 || p.due.Load() != bound {
		t.Errorf("a checkpoint is due again at %d bytes", p.due.Load())
	}
	mustBeWhole(t, s)
}

// TestSmallRowsAreBounded commits rows that are small and touch a page of each
// index: the log is bounded by its size, whatever the rows are counted as.
func TestSmallRowsAreBounded(t *testing.T) {
	const bound = 1 << 20
	s := openNotes(t, Options{LogBytes: bound})
	for range 300 { // some 30 MiB of pages
		mustCommit(t, s, batchOf(5, 10))
	}
	if size := s.checkpoints.logSize(); size > 4*bound {
		t.Errorf("the log has %d bytes", size)
	}
}
