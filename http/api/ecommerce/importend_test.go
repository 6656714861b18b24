package ecommerce_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/ecommerce/imports"
	"entrepot/grains/ecommerce/product"
	"entrepot/http/api/apitest"
	"entrepot/persistence"
)

// TestImportedProductsLeaveMemory: what an import keeps in memory does not grow
// with its rows.
func TestImportedProductsLeaveMemory(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	alive := func() int {
		_, count := w.Host.Activations(0)
		return count[product.Name]
	}
	var b strings.Builder
	b.WriteString("sku,name,price,currency,shopIds,tags\n")
	const rows, before = 600, 10 // before: the world's own
	for i := range rows {
		tags := "a|b"
		if i%20 == 0 {
			tags = "a|a" // is refused
		}
		fmt.Fprintf(&b, "NEW-%d,Product %d,1,EUR,%s,%s\n", i, i, w.ShopA, tags)
	}
	for _, change := range []string{"", "changed "} { // all are made, then all are changed
		job := w.ImportFile(t, "company_admin", "text/csv", strings.ReplaceAll(b.String(), ",Product", ","+change+"Product"))
		w.TakeImports(t, 1)
		if r := w.Want(t, 200, "company_admin", "GET", "/api/products/imports/"+job.Text("id"), nil); r.Text("status") != "done" || r.At("rows") != float64(rows) {
			t.Fatalf("%s", r.Raw)
		}
		apitest.Eventually(t, "the products of the import leave memory", func() bool { return alive() <= before })
	}
}

// TestTheFileGoesWithTheImport: whatever ended it.
func TestTheFileGoesWithTheImport(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	importer := apitest.ImporterOf(w.Deps, w.Store)
	for name, file := range map[string]string{"through": "sku,name\nMUG,Mug two\n", "broken": "no,columns\n"} {
		id := w.ImportFile(t, "company_admin", "text/csv", file).Text("id")
		if !w.File(t, id) {
			t.Fatalf("%s: there is no file", name)
		}
		w.Handled(t, importer, w.DueOf(id))
		ended := false
		for _, e := range w.Events() {
			if e.Type == "import.ended" && e.Aggregate.ID == id {
				w.Handled(t, importer, &events.Delivery{Envelope: e})
				ended = true
			}
		}
		if !ended || w.File(t, id) {
			t.Errorf("%s: ended %v, the file is there: %v", name, ended, w.File(t, id))
		}
	}
}

// interrupted calls before ahead of each Advance of an import.
type interrupted struct {
	grains.Asker
	before func()
}

func (a *interrupted) Ask(
	ctx context.Context, to grains.Ref, message any, options ...grains.Option,
) (grains.Answer, error) {
	if _, ok := message.(imports.Advance); ok {
		a.before()
	}
	return a.Asker.Ask(ctx, to, message, options...)
}

// TestImportsEndWithTheirCompany: what runs is ended, nothing is made any more,
// also of rows that were on their way, and the files go.
func TestImportsEndWithTheirCompany(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	rows := "sku,name,price,currency,shopIds\nNEW-1,One,1,EUR," + w.ShopA + "\nNEW-2,Two,2,EUR," + w.ShopA + "\n"
	waiting := w.ImportFile(t, "company_admin", "text/csv", rows).Text("id")
	taken := w.ImportFile(t, "company_admin", "text/csv", strings.ReplaceAll(rows, "NEW", "ALSO")).Text("id")
	died := w.ImportFile(t, "company_admin", "text/csv", strings.ReplaceAll(rows, "NEW", "DIED")).Text("id")
	foreign := w.ImportFile(t, "other_admin", "text/csv", "sku,name\nX,Y\n").Text("id")
	importer := apitest.ImporterOf(w.Deps, w.Store)
	erased := &events.Delivery{Envelope: events.Envelope{
		ID: entrepot.NewID(), Type: "company.deleted", Data: fmt.Appendf(nil, `{"companyId":%q}`, w.Company),
	}}
	// A member that dies before it tells the import what it has made of it.
	dead := w.Deps
	dead.Asker = &interrupted{w.Deps.Asker, func() { panic("dies") }}
	func() {
		defer func() { _ = recover() }()
		apitest.ImporterOf(dead, w.Store).Handle(t.Context(), []*events.Delivery{w.DueOf(died)})
		t.Error("it lives")
	}()
	// One that the erasure meets in the middle of its rows.
	slow := w.Deps
	slow.Asker = &interrupted{w.Deps.Asker, func() {
		if w.CountProducts(t) < 7 {
			t.Error("nothing was made before the erasure: this shows nothing")
		}
		w.Handled(t, importer, erased)
	}}
	w.Handled(t, apitest.ImporterOf(slow, w.Store), w.DueOf(taken))
	w.Handled(t, importer, w.DueOf(waiting))
	w.Handled(t, importer, w.DueOf(died))
	for _, id := range []entrepot.ID{waiting, taken, died} {
		r := w.Want(t, 200, "company_admin", "GET", "/api/products/imports/"+id, nil)
		if r.Text("status") != "failed" || r.Text("error") != "the company was erased" || r.At("rows") != 0.0 || w.File(t, id) {
			t.Errorf("%s, the file is there: %v", r.Raw, w.File(t, id))
		}
	}
	if n := w.CountProducts(t); n != 3 { // the world's, which others end
		t.Errorf("%d products of the company", n)
	}
	if r := w.Want(t, 200, "other_admin", "GET", "/api/products/imports/"+foreign, nil); r.Text("status") != "running" || !w.File(t, foreign) {
		t.Errorf("another company's: %s", r.Raw)
	}
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
	w := apitest.New(t)
	var b strings.Builder
	b.WriteString("sku,name,description,price,currency,shopIds\n")
	const rows = 1000
	for i := range rows {
		fmt.Fprintf(&b, "NEW-%d,Product %d,%s,1,EUR,%s\n", i, i, strings.Repeat("d", 100), w.ShopA)
	}
	w.ImportFile(t, "company_admin", "text/csv", b.String())
	w.TakeImports(t, 1)
	store := &pagesRead{Store: w.Store}
	w.Read("ecommerce", store)
	w.Mount()
	for _, format := range []string{"csv", "jsonl"} {
		store.n.Store(0)
		req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/products/export?format="+format, nil)
		req.Header.Set("Authorization", "Bearer "+w.Tokens["company_admin"])
		rec := httptest.NewRecorder()
		to := &reader{ResponseWriter: rec, store: store}
		w.Handler.ServeHTTP(to, req)
		if to.lines < rows || store.n.Load() < rows/100 || !strings.Contains(rec.Body.String(), "exported") {
			t.Fatalf("%s: %d lines of %d pages: %.200s", format, to.lines, store.n.Load(), rec.Body)
		}
		if to.ahead > 3 {
			t.Errorf("%s: %d pages were read ahead of the client", format, to.ahead)
		}
	}
}
