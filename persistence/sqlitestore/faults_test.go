package sqlitestore

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/persistence"
)

var notes = &persistence.Collection{
	Name: "notes",
	Fields: []persistence.Field{
		{Name: "status", Type: persistence.String}, {Name: "number", Type: persistence.String, Unique: true},
	},
	Indexes: [][]string{{"companyId", "status", "createdAt"}, {"createdAt"}},
}

func openNotes(t *testing.T, o Options) *Store {
	t.Helper()
	s := openTemp(t, o).Store
	if err := s.Ensure(t.Context(), []*persistence.Collection{notes}); err != nil {
		t.Fatal(err)
	}
	return s
}

func note(size int) persistence.Write {
	d := persistence.Document{
		ID: entrepot.NewID(), Version: 1, CompanyID: "c",
		CreatedAt: time.UnixMilli(1000).UTC(), UpdatedAt: time.UnixMilli(1000).UTC(),
		State: []byte(`{"text":"` + strings.Repeat("x", size) + `"}`),
	}
	made := events.Envelope{ID: d.ID, Type: "note.made", Data: []byte(`{}`)}
	return persistence.Write{Collection: notes, Doc: d, Events: []events.Envelope{made}}
}

func batchOf(n, size int) []persistence.Write {
	batch := make([]persistence.Write, n)
	for i := range batch {
		batch[i] = note(size)
	}
	return batch
}

// mustFail fails the test unless every result is the given error and no document was stored.
func mustFail(t *testing.T, s *Store, batch []persistence.Write, results []error, want error) {
	t.Helper()
	for i, err := range results {
		if !errors.Is(err, want) {
			t.Fatalf("write %d: want %v, got %v", i, want, err)
		}
		if _, err := s.Load(t.Context(), notes, batch[i].Doc.ID); !errors.Is(err, persistence.ErrNotFound) {
			t.Fatalf("write %d: want ErrNotFound from Load, got %v", i, err)
		}
	}
}

func mustCommit(t *testing.T, s *Store, batch []persistence.Write) {
	t.Helper()
	for i, err := range s.Commit(t.Context(), batch) {
		if err != nil {
			t.Fatalf("write %d: Commit: %v", i, err)
		}
		if _, err := s.Load(t.Context(), notes, batch[i].Doc.ID); err != nil {
			t.Fatalf("write %d: Load: %v", i, err)
		}
	}
}

func pragma(t *testing.T, s *Store, text string) {
	t.Helper()
	err := s.write(t.Context(), func(c *conn) error {
		return c.rows(t.Context(), "PRAGMA "+text, nil, func([]driver.Value) error { return nil })
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestDiskFull(t *testing.T) {
	s := openNotes(t, Options{})
	signal, cancel := s.Log().Appended()
	defer cancel()
	mustCommit(t, s, batchOf(3, 100))
	<-signal
	last, err := s.Log().Last(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	pragma(t, s, "max_page_count=1") // SQLite raises it to the current size, so further growth gives SQLITE_FULL
	batch := batchOf(100, 5000)
	mustFail(t, s, batch, s.Commit(t.Context(), batch), persistence.ErrNotExecuted)
	select {
	case <-signal:
		t.Error("received a signal without a commit")
	default:
	}
	if n, err := s.Log().Last(t.Context()); n != last || err != nil {
		t.Errorf("Last after failed commits: want %d, got %d (error %v)", last, n, err)
	}
	// The duplicates belong to a batch that fails as a whole, so they are not reported.
	batch[0].Doc.Fields, batch[1].Doc.Fields = []any{nil, "N-1"}, []any{nil, "N-1"}
	mustFail(t, s, batch, s.Commit(t.Context(), batch), persistence.ErrNotExecuted)
	pragma(t, s, "max_page_count=1000000")
	batch[1].Doc.Fields = nil
	mustCommit(t, s, batch)
}

func TestReadOnly(t *testing.T) {
	s := openNotes(t, Options{})
	pragma(t, s, "query_only=1")
	batch := batchOf(3, 100)
	mustFail(t, s, batch, s.Commit(t.Context(), batch), persistence.ErrNotExecuted)
	pragma(t, s, "query_only=0")
	mustCommit(t, s, batch)
}

// TestLockedByAnotherProcess checks that another process's write lock makes writes fail after the
// timeout.
func TestLockedByAnotherProcess(t *testing.T) {
	s := openNotes(t, Options{BusyTimeout: 10 * time.Millisecond})
	mustCommit(t, s, batchOf(1, 10))
	other, err := open(t.Context(), s.path, time.Second, "journal_mode=WAL")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.close() }()
	if err := other.run(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	batch := batchOf(2, 10)
	mustFail(t, s, batch, s.Commit(t.Context(), batch), persistence.ErrNotExecuted)
	if err := other.run(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	mustCommit(t, s, batch)
}

// TestReadsDoNotWaitForTheWriter checks that, while a transaction occupies the writer, commits fail
// by their deadline and reads do not wait.
func TestReadsDoNotWaitForTheWriter(t *testing.T) {
	s := openNotes(t, Options{})
	first := batchOf(1, 10)
	mustCommit(t, s, first)
	holding, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		_ = s.write(context.Background(), func(c *conn) error {
			if err := c.run(context.Background(), "BEGIN IMMEDIATE"); err != nil {
				return err
			}
			close(holding)
			<-release
			return c.run(context.Background(), "ROLLBACK")
		})
	})
	<-holding
	if _, err := s.Load(t.Context(), notes, first[0].Doc.ID); err != nil {
		t.Errorf("Load: %v", err)
	}
	docs, _, err := s.Find(t.Context(), notes, entrepot.InCompany("c"), persistence.Query{Limit: 5})
	if err != nil || len(docs) != 1 {
		t.Errorf("Find: want 1 document, got %v (error %v)", docs, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	batch := batchOf(2, 10)
	mustFail(t, s, batch, s.Commit(ctx, batch), persistence.ErrNotExecuted)
	close(release)
	wg.Wait()
	mustCommit(t, s, batch)
}

// TestWriterIsReopened checks that the next commit reopens a lost connection.
func TestWriterIsReopened(t *testing.T) {
	s := openNotes(t, Options{})
	if err := s.write(t.Context(), func(*conn) error { s.dropWriter(); return nil }); err != nil {
		t.Fatal(err)
	}
	mustCommit(t, s, batchOf(2, 10))
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	junk := filepath.Join(dir, "junk.sqlite")
	if err := os.WriteFile(junk, []byte(strings.Repeat("not a database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{junk, filepath.Join(junk, "x.sqlite"), dir} {
		if s, err := Open(t.Context(), path, Options{}); err == nil {
			t.Errorf("Open(%q): want an error, got nil; Close: %v", path, s.Close())
		}
	}
	// Characters with a meaning in URIs are part of the name.
	odd := openAt(t, filepath.Join(dir, "a b?c=d&%41#é", "x%20y.sqlite"), Options{})
	if _, err := os.Stat(odd.path); err != nil {
		t.Error(err)
	}
	if odd.Log().Name() != "x%20y" {
		t.Errorf("log name: want \"x%%20y\", got %q", odd.Log().Name())
	}
}

func TestCommitsAreSynced(t *testing.T) {
	for unsafe, want := range map[bool]int64{false: 2, true: 0} {
		s := openNotes(t, Options{Unsafe: unsafe})
		for _, p := range []struct {
			name string
			want any
		}{{"synchronous", want}, {"journal_mode", "wal"}, {"wal_autocheckpoint", int64(0)}} {
			err := s.write(t.Context(), func(c *conn) error {
				return c.rows(t.Context(), "PRAGMA "+p.name, nil, func(row []driver.Value) error {
					if row[0] != p.want {
						t.Errorf("%s: want %v, got %v", p.name, p.want, row[0])
					}
					return nil
				})
			})
			if err != nil {
				t.Error(err)
			}
		}
	}
}

// TestCheckpointBoundsTheLog checks that the write-ahead log begins anew while commits never pause: after some batches, or
// later where the processor is busy with other programs.
func TestCheckpointBoundsTheLog(t *testing.T) {
	s := openNotes(t, Options{Unsafe: true, LogBytes: 512 << 10})
	for n := 0; n < 100 || (n < 2000 && s.checkpoints.logSize() > 4<<20); n++ {
		for i, err := range s.Commit(t.Context(), batchOf(20, 6000)) {
			if err != nil {
				t.Fatalf("write %d: %v", i, err)
			}
		}
	}
	wal, err := os.Stat(s.path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	db, err := os.Stat(s.path)
	if err != nil {
		t.Fatal(err)
	}
	if db.Size() < 8<<20 || wal.Size() > 8<<20 {
		t.Errorf("want a database of at least 8 MiB and a log of at most 8 MiB, got %d and %d bytes", db.Size(), wal.Size())
	}
}

// TestQueriesUseIndexes checks that the cost of a page of a tenant's list does not grow with the
// table.
func TestQueriesUseIndexes(t *testing.T) {
	s := openNotes(t, Options{})
	tab, err := s.table(notes)
	if err != nil {
		t.Fatal(err)
	}
	after := &persistence.Position{Value: time.UnixMilli(5), ID: "x"}
	status := []persistence.Cond{{Field: "status", Value: "open"}}
	numbers := make([]any, 100)
	for i := range numbers {
		numbers[i] = fmt.Sprintf("N-%d", i)
	}
	number := func(op persistence.Op, value any, values ...any) []persistence.Cond {
		return []persistence.Cond{{Field: "number", Op: op, Value: value, Values: values}}
	}
	for _, c := range []struct {
		name  string
		scope entrepot.Scope
		plan  persistence.Plan
		r     persistence.Range
		want  string
	}{
		{
			"company", entrepot.InCompany("c"),
			persistence.Plan{Sort: "createdAt", Desc: true},
			persistence.RangeAll,
			"notes.companyId.createdAt (company_id=?)",
		},
		{
			"company, next page", entrepot.InCompany("c"),
			persistence.Plan{Sort: "createdAt", Desc: true, After: after},
			persistence.RangeBeyond,
			"notes.companyId.createdAt (company_id=? AND (created_at,id)<(?,?))",
		},
		{
			"owner", entrepot.OwnedBy("o"),
			persistence.Plan{Sort: "createdAt"},
			persistence.RangeAll,
			"notes.ownerId.createdAt (owner_id=?)",
		},
		{
			"status", entrepot.InCompany("c"),
			persistence.Plan{Sort: "createdAt", Where: status, After: after},
			persistence.RangeBeyond,
			"notes.companyId.status.createdAt (company_id=? AND status=? AND (created_at,id)>(?,?))",
		},
		{
			"number", entrepot.AllTenants(),
			persistence.Plan{Sort: "createdAt", Where: number(persistence.Eq, "N-1")},
			persistence.RangeAll,
			"notes.unique:number (number=?)",
		},
		{
			"number prefix", entrepot.AllTenants(),
			persistence.Plan{Sort: "number", Where: number(persistence.Prefix, "N-")},
			persistence.RangeAll,
			"notes.unique:number (number>? AND number<?)",
		},
		{
			"numbers", entrepot.AllTenants(),
			persistence.Plan{Sort: "number", Where: number(persistence.In, nil, numbers...)},
			persistence.RangeAll,
			"notes.unique:number (number=?)",
		},
		{
			"everything", entrepot.AllTenants(),
			persistence.Plan{Sort: "createdAt", After: after},
			persistence.RangeBeyond, "notes.createdAt",
		},
	} {
		text, args := tab.find(c.scope, &c.plan, c.r, 10)
		checkPlan(t, s, c.name, text, args, c.want)
	}
	checkPlan(t, s, "due", tab.due, []value{int64(1), int64(1)}, "COVERING INDEX notes.wake_at (wake_at>? AND wake_at<?)")
	for _, changed := range []uint64{0, 1, 1<<len(tab.indexed) - 1} {
		text := tab.update(changed)
		checkPlan(t, s, "update", text, make([]value, strings.Count(text, "?")), "sqlite_autoindex_notes_1 (id=?)")
	}
}

func checkPlan(t *testing.T, s *Store, name, text string, args []value, want string) {
	t.Helper()
	plan := ""
	err := s.read(t.Context(), func(c *conn) error {
		return c.rows(t.Context(), "EXPLAIN QUERY PLAN "+text, args, func(row []driver.Value) error {
			plan += fmt.Sprintln(row[3])
			return nil
		})
	})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if !strings.Contains(plan, want) || (strings.Contains(plan, "TEMP B-TREE") && !strings.HasPrefix(name, "number")) {
		t.Errorf("%s: %s\nplan: want %s\ngot %s", name, text, want, plan)
	}
}

// TestUpdateOfIndexedColumns checks that changing each queryable column, alone and together with
// others, updates the indexes, with and without Write.Before.
func TestUpdateOfIndexedColumns(t *testing.T) {
	for _, withBefore := range []bool{false, true} {
		t.Run(fmt.Sprint(withBefore), func(t *testing.T) { testUpdateOfIndexedColumns(t, withBefore) })
	}
}

func testUpdateOfIndexedColumns(t *testing.T, withBefore bool) {
	setBefore := func(w *persistence.Write) {
		if before := w.Doc; withBefore {
			w.Before = &before
		}
	}
	s := openNotes(t, Options{Unsafe: true})
	w := note(10)
	w.Doc.Fields = []any{"open", "N-1"}
	mustCommit(t, s, []persistence.Write{w})
	change := []func(d *persistence.Document){
		func(d *persistence.Document) { d.CompanyID = "other" },
		func(d *persistence.Document) { d.ShopID = "shop" },
		func(d *persistence.Document) { d.OwnerID = "owner" },
		func(d *persistence.Document) { d.CreatedAt = time.UnixMilli(5).UTC() },
		func(d *persistence.Document) { d.WakeAt = time.UnixMilli(6).UTC() },
		func(d *persistence.Document) { d.Fields = []any{"closed", "N-1"} },
		func(d *persistence.Document) { d.Fields = []any{nil, nil} },
		func(*persistence.Document) {},
	}
	for mask := range 1 << len(change) {
		setBefore(&w)
		for i, f := range change {
			if mask&(1<<i) != 0 {
				f(&w.Doc)
			}
		}
		w.Doc.Version++
		mustCommit(t, s, []persistence.Write{w})
		got, err := s.Load(t.Context(), notes, w.Doc.ID)
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprintf("%+v", *got) != fmt.Sprintf("%+v", w.Doc) {
			t.Fatalf("change %b: want\n%+v\ngot\n%+v", mask, w.Doc, *got)
		}
		docs, _, err := s.Find(t.Context(), notes, entrepot.InCompany(w.Doc.CompanyID), persistence.Query{Limit: 2})
		if err != nil || len(docs) != 1 {
			t.Fatalf("change %b: Find: want 1 document, got %v (error %v)", mask, docs, err)
		}
		setBefore(&w)
		w.Doc = persistence.Document{
			ID: w.Doc.ID, Version: w.Doc.Version + 1, CompanyID: "c",
			CreatedAt: time.UnixMilli(1000).UTC(), UpdatedAt: w.Doc.UpdatedAt,
			Fields: []any{"open", "N-1"}, State: w.Doc.State,
		}
		mustCommit(t, s, []persistence.Write{w})
	}
	mustBeWhole(t, s)
}

// mustBeWhole runs SQLite's integrity check.
func mustBeWhole(t *testing.T, s *Store) {
	t.Helper()
	err := s.read(t.Context(), func(c *conn) error {
		return c.rows(t.Context(), "PRAGMA integrity_check", nil, func(row []driver.Value) error {
			if row[0] != "ok" {
				t.Errorf("integrity check: want ok, got %v", row[0])
			}
			return nil
		})
	})
	if err != nil {
		t.Error(err)
	}
}

// A copy of the files, taken while the store is open, holds every acknowledged write, as after a kill.
// The transactions are larger than the page cache, so some pages reach the log early and twice; one
// transaction in between is rolled back.
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
