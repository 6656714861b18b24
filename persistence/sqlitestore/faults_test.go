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
	Name:    "notes",
	Fields:  []persistence.Field{{Name: "status", Type: persistence.String}, {Name: "number", Type: persistence.String, Unique: true}},
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
		ID: entrepot.NewID(), Version: 1, CompanyID: "c", CreatedAt: time.UnixMilli(1000).UTC(), UpdatedAt: time.UnixMilli(1000).UTC(),
		State: []byte(`{"text":"` + strings.Repeat("x", size) + `"}`),
	}
	return persistence.Write{Collection: notes, Doc: d, Events: []events.Envelope{{ID: d.ID, Type: "note.made", Data: []byte(`{}`)}}}
}

func batchOf(n, size int) []persistence.Write {
	batch := make([]persistence.Write, n)
	for i := range batch {
		batch[i] = note(size)
	}
	return batch
}

// mustTell fails unless every result is the given error and the documents are absent.
func mustTell(t *testing.T, s *Store, batch []persistence.Write, results []error, want error) {
	t.Helper()
	for i, err := range results {
		if !errors.Is(err, want) {
			t.Fatalf("write %d: %v, want %v", i, err, want)
		}
		if _, err := s.Load(t.Context(), notes, batch[i].Doc.ID); !errors.Is(err, persistence.ErrNotFound) {
			t.Fatalf("write %d is there: %v", i, err)
		}
	}
}

func mustCommit(t *testing.T, s *Store, batch []persistence.Write) {
	t.Helper()
	for i, err := range s.Commit(t.Context(), batch) {
		if err != nil {
			t.Fatalf("write %d: %v", i, err)
		}
		if _, err := s.Load(t.Context(), notes, batch[i].Doc.ID); err != nil {
			t.Fatalf("write %d: %v", i, err)
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
	pragma(t, s, "max_page_count=1") // is raised to the present size: SQLITE_FULL from here on
	batch := batchOf(100, 5000)
	mustTell(t, s, batch, s.Commit(t.Context(), batch), persistence.ErrNotExecuted)
	select {
	case <-signal:
		t.Error("a signal without a commit")
	default:
	}
	if n, err := s.Log().Last(t.Context()); n != last || err != nil {
		t.Errorf("the log went on from %d to %d (%v)", last, n, err)
	}
	// A duplicate of a value that went down with its batch is none.
	batch[0].Doc.Fields, batch[1].Doc.Fields = []any{nil, "N-1"}, []any{nil, "N-1"}
	mustTell(t, s, batch, s.Commit(t.Context(), batch), persistence.ErrNotExecuted)
	pragma(t, s, "max_page_count=1000000")
	batch[1].Doc.Fields = nil
	mustCommit(t, s, batch)
}

func TestReadOnly(t *testing.T) {
	s := openNotes(t, Options{})
	pragma(t, s, "query_only=1")
	batch := batchOf(3, 100)
	mustTell(t, s, batch, s.Commit(t.Context(), batch), persistence.ErrNotExecuted)
	pragma(t, s, "query_only=0")
	mustCommit(t, s, batch)
}

// Another process that holds the write lock makes writes fail in time, and reads go on.
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
	mustTell(t, s, batch, s.Commit(t.Context(), batch), persistence.ErrNotExecuted)
	if err := other.run(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	mustCommit(t, s, batch)
}

// The writer is held by a transaction that does not end: commits give up by
// their deadline, and no read waits.
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
	if docs, _, err := s.Find(t.Context(), notes, entrepot.InCompany("c"), persistence.Query{Limit: 5}); err != nil || len(docs) != 1 {
		t.Errorf("Find: %v, %v", docs, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	batch := batchOf(2, 10)
	mustTell(t, s, batch, s.Commit(ctx, batch), persistence.ErrNotExecuted)
	close(release)
	wg.Wait()
	mustCommit(t, s, batch)
}

// A connection that was lost is opened again by the next commit.
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
			t.Errorf("Open(%q) succeeds: %v", path, s.Close())
		}
	}
	// Characters that mean something in a URI are only a name.
	odd := openAt(t, filepath.Join(dir, "a b?c=d&%41#é", "x%20y.sqlite"), Options{})
	if _, err := os.Stat(odd.path); err != nil {
		t.Error(err)
	}
	if odd.Log().Name() != "x%20y" {
		t.Errorf("log name %q", odd.Log().Name())
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
						t.Errorf("%s is %v, want %v", p.name, row[0], p.want)
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

// The write-ahead log stays small while commits never pause.
func TestCheckpointBoundsTheLog(t *testing.T) {
	s := openNotes(t, Options{Unsafe: true, CheckpointPages: 64})
	for range 100 {
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
		t.Errorf("the log has %d bytes beside %d", wal.Size(), db.Size())
	}
}

// What a page of a tenant's list costs may not grow with the table.
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
	for _, c := range []struct {
		name  string
		scope entrepot.Scope
		plan  persistence.Plan
		r     persistence.Range
		want  string
	}{
		{"company", entrepot.InCompany("c"), persistence.Plan{Sort: "createdAt", Desc: true}, persistence.RangeAll, "notes.companyId.createdAt (company_id=?)"},
		{"company, next page", entrepot.InCompany("c"), persistence.Plan{Sort: "createdAt", Desc: true, After: after}, persistence.RangeBeyond, "notes.companyId.createdAt (company_id=? AND (created_at,id)<(?,?))"},
		{"owner", entrepot.OwnedBy("o"), persistence.Plan{Sort: "createdAt"}, persistence.RangeAll, "notes.ownerId.createdAt (owner_id=?)"},
		{"status", entrepot.InCompany("c"), persistence.Plan{Sort: "createdAt", Where: status, After: after}, persistence.RangeBeyond, "notes.companyId.status.createdAt (company_id=? AND status=? AND (created_at,id)>(?,?))"},
		{"number", entrepot.AllTenants(), persistence.Plan{Sort: "createdAt", Where: []persistence.Cond{{Field: "number", Value: "N-1"}}}, persistence.RangeAll, "notes.unique:number (number=?)"},
		{"number prefix", entrepot.AllTenants(), persistence.Plan{Sort: "number", Where: []persistence.Cond{{Field: "number", Op: persistence.Prefix, Value: "N-"}}}, persistence.RangeAll, "notes.unique:number (number>? AND number<?)"},
		{"numbers", entrepot.AllTenants(), persistence.Plan{Sort: "number", Where: []persistence.Cond{{Field: "number", Op: persistence.In, Values: numbers}}}, persistence.RangeAll, "notes.unique:number (number=?)"},
		{"everything", entrepot.AllTenants(), persistence.Plan{Sort: "createdAt", After: after}, persistence.RangeBeyond, "notes.createdAt"},
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
		t.Errorf("%s: %s\nis planned as %swant %s", name, text, plan, want)
	}
}

// A change of every queryable column, together and alone, moves the indexes with
// it, whether the writer knows what was there before or not.
func TestUpdateOfIndexedColumns(t *testing.T) {
	for _, knows := range []bool{false, true} {
		t.Run(fmt.Sprint(knows), func(t *testing.T) { testUpdateOfIndexedColumns(t, knows) })
	}
}

func testUpdateOfIndexedColumns(t *testing.T, knows bool) {
	remember := func(w *persistence.Write) {
		if before := w.Doc; knows {
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
		remember(&w)
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
			t.Fatalf("change %b\n%+v, want\n%+v", mask, *got, w.Doc)
		}
		docs, _, err := s.Find(t.Context(), notes, entrepot.InCompany(w.Doc.CompanyID), persistence.Query{Limit: 2})
		if err != nil || len(docs) != 1 {
			t.Fatalf("change %b: %v, %v", mask, docs, err)
		}
		remember(&w)
		w.Doc = persistence.Document{
			ID: w.Doc.ID, Version: w.Doc.Version + 1, CompanyID: "c", CreatedAt: time.UnixMilli(1000).UTC(), UpdatedAt: w.Doc.UpdatedAt,
			Fields: []any{"open", "N-1"}, State: w.Doc.State,
		}
		mustCommit(t, s, []persistence.Write{w})
	}
	mustBeWhole(t, s)
}

// mustBeWhole has SQLite check the file and its indexes.
func mustBeWhole(t *testing.T, s *Store) {
	t.Helper()
	err := s.read(t.Context(), func(c *conn) error {
		return c.rows(t.Context(), "PRAGMA integrity_check", nil, func(row []driver.Value) error {
			if row[0] != "ok" {
				t.Error(row[0])
			}
			return nil
		})
	})
	if err != nil {
		t.Error(err)
	}
}
