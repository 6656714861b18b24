package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"entrepot"
	"entrepot/blob"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/imports/importspb"
	"entrepot/grains/product/productpb"
	"entrepot/http/api"
	"entrepot/persistence"

	"google.golang.org/protobuf/proto"
)

// TestImportedProductsLeaveMemory: what an import keeps in memory does not grow
// with its rows.
func TestImportedProductsLeaveMemory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	alive := func() int {
		_, count := w.Host.Activations(0)
		return count[productpb.Kind]
	}
	var b strings.Builder
	b.WriteString("sku,name,price,currency,shopIds,tags\n")
	const rows, before = 600, 10 // before: the world's own
	for i := range rows {
		tags := "a|b"
		if i%20 == 0 {
			tags = "a|a" // is refused
		}
		fmt.Fprintf(&b, "NEW-%d,Product %d,1,EUR,%s,%s\n", i, i, w.shopA, tags)
	}
	for _, change := range []string{"", "changed "} { // all are made, then all are changed
		job := w.importFile(t, "company_admin", "text/csv", strings.ReplaceAll(b.String(), ",Product", ","+change+"Product"))
		w.takeImports(t, 1)
		if r := w.want(t, 200, "company_admin", "GET", "/api/products/imports/"+job.text("id"), nil); r.text("status") != "done" || r.at("rows") != float64(rows) {
			t.Fatalf("%s", r.raw)
		}
		eventually(t, "the products of the import leave memory", func() bool { return alive() <= before })
	}
}

// dueOf is the event that asks for the import's next rows.
func (w *world) dueOf(id entrepot.ID) (due *events.Delivery) {
	for _, e := range w.Events() {
		if e.Type == "import.due" && e.Aggregate.ID == id {
			due = &events.Delivery{Envelope: e}
		}
	}
	return due
}

func (w *world) file(t testing.TB, id entrepot.ID) bool {
	t.Helper()
	b, err := w.deps.Blobs.Get(t.Context(), "imports/"+id, 0)
	if err == nil {
		_ = b.Close()
	} else if !errors.Is(err, blob.ErrNotFound) {
		t.Fatal(err)
	}
	return err == nil
}

// handled gives the importer an event, twice.
func (w *world) handled(t testing.TB, importer *api.Importer, d *events.Delivery) {
	t.Helper()
	for range 2 {
		if err := importer.Handle(t.Context(), []*events.Delivery{d})[0]; err != nil {
			t.Fatal(err)
		}
	}
}

// TestTheFileGoesWithTheImport: whatever ended it.
func TestTheFileGoesWithTheImport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	importer := api.NewImporter(w.deps, w.Store)
	for name, file := range map[string]string{"through": "sku,name\nMUG,Mug two\n", "broken": "no,columns\n"} {
		id := w.importFile(t, "company_admin", "text/csv", file).text("id")
		if !w.file(t, id) {
			t.Fatalf("%s: there is no file", name)
		}
		w.handled(t, importer, w.dueOf(id))
		ended := false
		for _, e := range w.Events() {
			if e.Type == "import.ended" && e.Aggregate.ID == id {
				w.handled(t, importer, &events.Delivery{Envelope: e})
				ended = true
			}
		}
		if !ended || w.file(t, id) {
			t.Errorf("%s: ended %v, the file is there: %v", name, ended, w.file(t, id))
		}
	}
}

// interrupted asks others before an import advances.
type interrupted struct {
	grains.Asker
	before func()
}

func (a *interrupted) Ask(ctx context.Context, kind string, id entrepot.ID, cmd proto.Message) (proto.Message, error) {
	if _, ok := cmd.(*importspb.Advance); ok {
		a.before()
	}
	return a.Asker.Ask(ctx, kind, id, cmd)
}

// TestImportsEndWithTheirCompany: what runs is ended, nothing is made any more,
// also of rows that were on their way, and the files go.
func TestImportsEndWithTheirCompany(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rows := "sku,name,price,currency,shopIds\nNEW-1,One,1,EUR," + w.shopA + "\nNEW-2,Two,2,EUR," + w.shopA + "\n"
	waiting := w.importFile(t, "company_admin", "text/csv", rows).text("id")
	taken := w.importFile(t, "company_admin", "text/csv", strings.ReplaceAll(rows, "NEW", "ALSO")).text("id")
	died := w.importFile(t, "company_admin", "text/csv", strings.ReplaceAll(rows, "NEW", "DIED")).text("id")
	foreign := w.importFile(t, "other_admin", "text/csv", "sku,name\nX,Y\n").text("id")
	importer := api.NewImporter(w.deps, w.Store)
	erased := &events.Delivery{Envelope: events.Envelope{
		ID: entrepot.NewID(), Type: "company.deleted", Data: fmt.Appendf(nil, `{"companyId":%q}`, w.company),
	}}
	// A member that dies before it tells the import what it has made of it.
	dead := w.deps
	dead.Asker = &interrupted{w.deps.Asker, func() { panic("dies") }}
	func() {
		defer func() { _ = recover() }()
		api.NewImporter(dead, w.Store).Handle(t.Context(), []*events.Delivery{w.dueOf(died)})
		t.Error("it lives")
	}()
	// One that the erasure meets in the middle of its rows.
	slow := w.deps
	slow.Asker = &interrupted{w.deps.Asker, func() {
		if w.countProducts(t) < 7 {
			t.Error("nothing was made before the erasure: this shows nothing")
		}
		w.handled(t, importer, erased)
	}}
	w.handled(t, api.NewImporter(slow, w.Store), w.dueOf(taken))
	w.handled(t, importer, w.dueOf(waiting))
	w.handled(t, importer, w.dueOf(died))
	for _, id := range []entrepot.ID{waiting, taken, died} {
		r := w.want(t, 200, "company_admin", "GET", "/api/products/imports/"+id, nil)
		if r.text("status") != "failed" || r.text("error") != "the company was erased" || r.at("rows") != 0.0 || w.file(t, id) {
			t.Errorf("%s, the file is there: %v", r.raw, w.file(t, id))
		}
	}
	if n := w.countProducts(t); n != 3 { // the world's, which others end
		t.Errorf("%d products of the company", n)
	}
	if r := w.want(t, 200, "other_admin", "GET", "/api/products/imports/"+foreign, nil); r.text("status") != "running" || !w.file(t, foreign) {
		t.Errorf("another company's: %s", r.raw)
	}
}

func (w *world) countProducts(t testing.TB) int {
	t.Helper()
	table := string(w.want(t, 200, "company_admin", "GET", "/api/products/export", nil).raw)
	return strings.Count(table, "\n") - 2
}

// pagesRead counts the pages that were read of a store.
type pagesRead struct {
	persistence.Store
	n atomic.Int64
}

func (s *pagesRead) Find(ctx context.Context, c *persistence.Collection, scope entrepot.Scope, q persistence.Query) ([]persistence.Document, string, error) {
	s.n.Add(1)
	return s.Store.Find(ctx, c, scope, q)
}

// reader is a client that looks, at each piece it is given, how far the server is.
type reader struct {
	http.ResponseWriter
	store *pagesRead
	ahead int64 // pages that were read and not yet written, at most
	lines int64
}

func (r *reader) Write(p []byte) (int, error) {
	r.lines += int64(strings.Count(string(p), "\n"))
	r.ahead = max(r.ahead, r.store.n.Load()-r.lines/100)
	return r.ResponseWriter.Write(p)
}

// TestExportIsWrittenAsItIsRead: an export reads no further than its client does.
func TestExportIsWrittenAsItIsRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var b strings.Builder
	b.WriteString("sku,name,description,price,currency,shopIds\n")
	const rows = 1000
	for i := range rows {
		fmt.Fprintf(&b, "NEW-%d,Product %d,%s,1,EUR,%s\n", i, i, strings.Repeat("d", 100), w.shopA)
	}
	w.importFile(t, "company_admin", "text/csv", b.String())
	w.takeImports(t, 1)
	store := &pagesRead{Store: w.Store}
	w.deps.Stores.Ecommerce = store
	w.mount()
	for _, format := range []string{"csv", "jsonl"} {
		store.n.Store(0)
		req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/products/export?format="+format, nil)
		req.Header.Set("Authorization", "Bearer "+w.tokens["company_admin"])
		rec := httptest.NewRecorder()
		to := &reader{ResponseWriter: rec, store: store}
		w.handler.ServeHTTP(to, req)
		if to.lines < rows || store.n.Load() < rows/100 || !strings.Contains(rec.Body.String(), "exported") {
			t.Fatalf("%s: %d lines of %d pages: %.200s", format, to.lines, store.n.Load(), rec.Body)
		}
		if to.ahead > 3 {
			t.Errorf("%s: %d pages were read ahead of the client", format, to.ahead)
		}
	}
}
