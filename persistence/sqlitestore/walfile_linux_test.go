package sqlitestore

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"entrepot"
	"entrepot/persistence"
)

// writeCalls is how many system calls of this process wrote so far.
func writeCalls(t *testing.T) (n int) {
	t.Helper()
	b, err := os.ReadFile("/proc/self/io")
	if err != nil {
		t.Skip(err) // a kernel without the count
	}
	_, rest, _ := strings.Cut(string(b), "syscw: ")
	if _, err := fmt.Sscan(rest, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestACommitIsOneWrite(t *testing.T) {
	s := openNotes(t, Options{})
	mustCommit(t, s, batchOf(1, 10))
	before := writeCalls(t)
	const commits = 20
	for range commits {
		mustCommit(t, s, batchOf(10, 500)) // some ten pages in the log, and as many headers
	}
	if n := writeCalls(t) - before; n > 2*commits {
		t.Errorf("%d writes for %d commits", n, commits)
	}
}

// What was answered is in the files: a copy of them, as another machine would
// find them after the process was killed, holds it. The transactions are larger
// than what is gathered and than the cache, so some of their pages went out
// before, and were written twice; one in between was rolled back.
func TestWhatIsAnsweredIsInTheFiles(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(t.Context(), filepath.Join(dir, "db.sqlite"), Options{CacheKiB: 64})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if err := s.Ensure(t.Context(), []*persistence.Collection{notes}); err != nil {
		t.Fatal(err)
	}
	var ids []entrepot.ID
	for round := range 4 {
		batch := batchOf(100, 3000+round*5000)
		if round == 2 {
			left := &transaction{s: s}
			for i := range batch {
				left.jobs = append(left.jobs, s.prepare(&batch[i]))
			}
			s.writing <- struct{}{}
			if err := left.exec("BEGIN IMMEDIATE"); err != nil {
				t.Fatal(err)
			}
			if _, err := left.writeAll(); err != nil {
				t.Fatal(err)
			}
			left.rollback()
			<-s.writing
			continue
		}
		mustCommit(t, s, batch)
		for i := range batch {
			ids = append(ids, batch[i].Doc.ID)
		}
	}
	killed := filepath.Join(t.TempDir(), "killed.sqlite")
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(filepath.Join(dir, "db.sqlite"+suffix))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(killed+suffix, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	again, err := Open(t.Context(), killed, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = again.Close() }()
	if err := again.Ensure(t.Context(), []*persistence.Collection{notes}); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		if _, err := again.Load(t.Context(), notes, id); err != nil {
			t.Fatalf("%s: %v", id, err)
		}
	}
	mustBeWhole(t, again)
}
