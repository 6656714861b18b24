package api_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"entrepot/events"
	"entrepot/grains/imports"
	"entrepot/http/api"
	"entrepot/persistence"
	"entrepot/persistence/storetest"
)

// takeImports hands every import.due to the importer, as the broker does, until
// there is no new one; each twice, as a broker may.
func (w *world) takeImports(t testing.TB, times int) {
	t.Helper()
	importer := api.NewImporter(w.deps, w.Store)
	for seen := 0; ; {
		var due []events.Envelope
		for _, e := range w.Events() {
			if e.Type == "import.due" {
				due = append(due, e)
			}
		}
		if len(due) == seen {
			return
		}
		for _, e := range due[seen:] {
			for range times {
				if err := importer.Handle(t.Context(), []*events.Delivery{{Envelope: e}})[0]; err != nil {
					t.Fatal(err)
				}
			}
		}
		seen = len(due)
	}
}

func (w *world) importFile(t testing.TB, as, contentType, file string, headers ...string) *reply {
	t.Helper()
	return w.want(t, 202, as, "POST", "/api/products/imports", file, append([]string{"Content-Type", contentType}, headers...)...)
}

func TestImportCSV(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	file := "\uFEFFsku,name,price,currency,shopIds,tags,attributes\r\n" +
		"NEW-1,\"A, quoted\",12.50,EUR," + w.shopA + "|" + w.shopB + ",a|b,origin=Assam\r\n" +
		"MUG,Better Mug,,,,,\r\n" +
		"NEW-2,Bad price,1.999,EUR," + w.shopA + ",,\r\n" +
		"NEW-3,No such shop,1,EUR," + w.otherShop + ",,\r\n" +
		"NEW-4,too few\r\n" +
		"NEW-1,A renamed,,,,,\r\n" +
		"CUP,,,USD,,,\r\n" +
		",nameless,1,EUR," + w.shopA + ",,\r\n"
	job := w.importFile(t, "company_admin", "text/csv", file)
	at := "/api/products/imports/" + job.text("id")
	if job.header.Get("Location") != at || job.text("status") != "running" {
		t.Fatalf("%v %s", job.header, job.raw)
	}
	w.takeImports(t, 2)
	done := w.want(t, 200, "company_admin", "GET", at, nil)
	for field, want := range map[string]any{"status": "done", "rows": 8.0, "created": 1.0, "updated": 2.0, "failed": 5.0, "position": float64(len(file))} {
		if done.at(field) != want {
			t.Errorf("%s: %v, want %v: %s", field, done.at(field), want, done.raw)
		}
	}
	report := w.want(t, 200, "company_admin", "GET", at+"/report?outcome=failed", nil)
	for i, want := range []string{"price", "shopIds[0]", "row", "currency", "sku"} {
		if got := report.text(fmt.Sprintf("items.%d.errors.0.field", i)); got != want {
			t.Errorf("failure %d names %q, want %q: %s", i, got, want, report.raw)
		}
	}
	if r := w.want(t, 200, "company_admin", "GET", at+"/report?limit=3", nil); len(r.list("items")) != 3 || r.at("items.2.row") != 3.0 || r.text("nextCursor") == "" {
		t.Errorf("%s", r.raw)
	}
	first := w.want(t, 200, "company_admin", "GET", at+"/report?limit=1", nil).text("items.0.productId")
	p := w.want(t, 200, "", "GET", "/api/products/"+first, nil)
	if p.text("name") != "A renamed" || p.at("price") != 12.5 || p.text("tags.1") != "b" || p.text("attributes.0.value") != "Assam" {
		t.Errorf("%s", p.raw)
	}
	if p := w.want(t, 200, "", "GET", "/api/products/"+w.mug, nil); p.text("name") != "Better Mug" || p.at("price") != 19.99 {
		t.Errorf("%s", p.raw)
	}
	w.want(t, 404, "other_admin", "GET", at, nil)
	w.want(t, 404, "shop_manager", "GET", at+"/report", nil)
	if lines := w.errors.taken(); len(lines) > 0 {
		t.Errorf("logged as errors: %q", lines)
	}
}

// What a row lacks is named as the file has it.
func TestImportNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	job := w.importFile(t, "company_admin", "text/csv", "sku,name,price,currency\nNEW-1,Of no shop,1,EUR\n")
	w.takeImports(t, 1)
	r := w.want(t, 200, "company_admin", "GET", "/api/products/imports/"+job.text("id")+"/report", nil)
	if r.text("items.0.errors.0.field") != "shopIds" || r.text("items.0.errors.0.rule") != "required" {
		t.Errorf("%s", r.raw)
	}
}

func TestImportLines(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	file := fmt.Sprintf(`{"sku":"S","name":"Shirt","price":20,"currency":"EUR","shopIds":[%q],"options":[{"name":"size","values":["S","M"]}],"variants":[{"sku":"S-S","options":{"size":"S"}},{"sku":"S-M","options":{"size":"M"},"price":25}]}
not json

{"sku":"MUG","tags":["new"],"colour":"red"}
{"sku":"CUP","sale":{"percent":10}}`, w.shopA)
	job := w.importFile(t, "company_admin", "application/jsonl", file, "Idempotency-Key", "k")
	again := w.importFile(t, "company_admin", "application/jsonl", file, "Idempotency-Key", "k")
	if again.text("id") != job.text("id") || again.header.Get("Idempotent-Replayed") != "true" {
		t.Fatalf("%s", again.raw)
	}
	w.want(t, 422, "company_admin", "POST", "/api/products/imports", file+"\n", "Content-Type", "application/jsonl", "Idempotency-Key", "k")
	w.takeImports(t, 1)
	at := "/api/products/imports/" + job.text("id")
	if r := w.want(t, 200, "company_admin", "GET", at, nil); r.at("created") != 1.0 || r.at("updated") != 1.0 || r.at("failed") != 2.0 || r.text("status") != "done" {
		t.Fatalf("%s", r.raw)
	}
	report := w.want(t, 200, "company_admin", "GET", at+"/report", nil)
	if report.text("items.1.errors.0.field") != "row" || report.text("items.2.errors.0.field") != "colour" {
		t.Errorf("%s", report.raw)
	}
	if p := w.want(t, 200, "", "GET", "/api/products/"+report.text("items.0.productId"), nil); len(p.list("variants")) != 2 {
		t.Errorf("%s", p.raw)
	}
}

// TestManagersImport: rows are taken by what who started the import may do.
func TestManagersImport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	file := "sku,name,price,currency,shopIds\nOWN,a,1,EUR," + w.shopA + "\nOTHERS,a,1,EUR," + w.shopB + "\nCUP,Hijacked,,,\n"
	job := w.importFile(t, "shop_manager", "text/csv", file)
	w.takeImports(t, 1)
	at := "/api/products/imports/" + job.text("id")
	if r := w.want(t, 200, "shop_manager", "GET", at, nil); r.at("created") != 1.0 || r.at("failed") != 2.0 {
		t.Fatalf("%s", r.raw)
	}
	for as, want := range map[string]int{"": 401, "customer": 403, "shop_staff": 403} {
		w.want(t, want, as, "POST", "/api/products/imports", file, "Content-Type", "text/csv")
	}
	for contentType, want := range map[string]string{"application/json": "Content-Type", "text/csv": "body"} {
		if r := w.want(t, 400, "shop_manager", "POST", "/api/products/imports", "", "Content-Type", contentType); !names(r, want) {
			t.Errorf("%s", r.raw)
		}
	}
	for _, broken := range []string{"name,price\na,1\n", "sku,colour\na,red\n", "sku,sku\n", "sku\n\"a\n"} {
		job := w.importFile(t, "company_admin", "text/csv", broken)
		w.takeImports(t, 1)
		if r := w.want(t, 200, "company_admin", "GET", "/api/products/imports/"+job.text("id"), nil); r.text("status") != "failed" || r.text("error") == "" {
			t.Errorf("%q: %s", broken, r.raw)
		}
	}
}

// TestExportImports: what is exported is imported to the same, and nothing in it is run.
func TestExportImports(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	shirt := w.shirt()
	shirt["name"] = "=HYPERLINK(1)"
	w.want(t, 201, "company_admin", "POST", "/api/products", shirt)
	table := string(w.want(t, 200, "company_admin", "GET", "/api/products/export", nil).raw)
	if !strings.Contains(table, "SHIRT,'=HYPERLINK(1),") || strings.Contains(table, w.otherShop) || !strings.HasSuffix(table, "# exported,4\n") {
		t.Fatalf("%s", table)
	}
	lines := string(w.want(t, 200, "company_admin", "GET", "/api/products/export?format=jsonl", nil).raw)
	if !strings.HasSuffix(lines, "{\"exported\":4}\n") {
		t.Fatalf("%s", lines)
	}
	before := len(w.Events())
	for contentType, file := range map[string]string{"text/csv": table, "application/jsonl": lines} {
		job := w.importFile(t, "company_admin", contentType, file)
		w.takeImports(t, 1)
		rows := map[string]float64{"text/csv": 5, "application/jsonl": 4}[contentType] // a line a variant
		if r := w.want(t, 200, "company_admin", "GET", "/api/products/imports/"+job.text("id"), nil); r.at("updated") != rows || r.at("failed") != 0.0 {
			t.Fatalf("%s\n%s", file, w.want(t, 200, "company_admin", "GET", "/api/products/imports/"+job.text("id")+"/report", nil).raw)
		}
	}
	for _, e := range w.Events()[before:] {
		if strings.HasPrefix(e.Type, "product.") {
			t.Errorf("changed by its own export: %s", e.Data)
		}
	}
	w.want(t, 403, "shop_staff", "GET", "/api/products/export", nil)
}

// TestImportOfManyRows: what is in memory does not grow with the file.
func TestImportOfManyRows(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	w := newWorld(t)
	const rows = 5_000 // of a product that is there already: the store in memory keeps products
	var b strings.Builder
	b.WriteString("sku,name\n")
	for i := range rows {
		fmt.Fprintf(&b, "%s,%s\n", []string{"MUG", "CUP", "DRAFT"}[i%3], strings.Repeat("x", 1+i%50))
	}
	job := w.importFile(t, "company_admin", "text/csv", b.String())
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc >> 20
	}
	before := heap()
	w.takeImports(t, 1)
	if r := w.want(t, 200, "company_admin", "GET", "/api/products/imports/"+job.text("id"), nil); r.at("rows") != float64(rows) || r.at("updated") != float64(rows) {
		t.Fatalf("%s", r.raw)
	}
	t.Logf("heap before %d MiB, after %d MiB with the store's rows and events", before, heap())
}

// TestAnInterruptedChunkIsTakenAgain: what its rows made is made once, and told of
// as what it was, whether the report or only the import's own word of it was lost.
func TestAnInterruptedChunkIsTakenAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	job := w.importFile(t, "company_admin", "text/csv", "sku,name,price,currency,shopIds\n"+
		"NEW-1,One,1,EUR,"+w.shopA+"\nNEW-2,Two,2,EUR,"+w.shopA+"\nNEW-1,One renamed,,,\nMUG,Better Mug,,,\n")
	faulty := storetest.Faulty(w.Store)
	faulty.OnWrite(func(x persistence.Write) storetest.Fault {
		if x.Collection == imports.Rows {
			return storetest.FailBefore
		}
		return storetest.Healthy
	})
	var due events.Envelope
	for _, e := range w.Events() {
		if e.Type == "import.due" {
			due = e
		}
	}
	if err := api.NewImporter(w.deps, faulty).Handle(t.Context(), []*events.Delivery{{Envelope: due}})[0]; err == nil {
		t.Fatal("a chunk that was not reported is done")
	}
	w.takeImports(t, 2)
	r := w.want(t, 200, "company_admin", "GET", "/api/products/imports/"+job.text("id"), nil)
	if r.text("status") != "done" || r.at("created") != 2.0 || r.at("updated") != 2.0 || r.at("failed") != 0.0 {
		t.Fatalf("%s", r.raw)
	}
	list := w.want(t, 200, "company_admin", "GET", "/api/products?companyId="+w.company, nil)
	names := map[string]int{}
	for i := range list.list("items") {
		names[list.text(fmt.Sprintf("items.%d.name", i))]++
	}
	if names["One renamed"] != 1 || names["Two"] != 1 || names["Better Mug"] != 1 {
		t.Fatalf("%v", names)
	}
}

// TestAnImportStaysWithinThePlan: as many products as it allows, exactly, and the
// rows beyond say why; those that change what is there pass.
func TestAnImportStaysWithinThePlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.want(t, 200, "super_admin", "PUT", "/api/companies/"+w.company+"/subscription", subscription("free", "active"))
	const limit, there = 100, 3 // the plan's, and the world's products
	var b strings.Builder
	b.WriteString("sku,name,price,currency,shopIds\n")
	for i := range limit + 20 {
		fmt.Fprintf(&b, "NEW-%d,Product %d,1,EUR,%s\n", i, i, w.shopA)
	}
	b.WriteString("MUG,Better Mug,,,\n")
	job := w.importFile(t, "company_admin", "text/csv", b.String())
	w.takeImports(t, 2)
	at := "/api/products/imports/" + job.text("id")
	r := w.want(t, 200, "company_admin", "GET", at, nil)
	if r.at("created") != float64(limit-there) || r.at("updated") != 1.0 || r.at("failed") != float64(20+there) {
		t.Fatalf("%s", r.raw)
	}
	report := w.want(t, 200, "company_admin", "GET", at+"/report?outcome=failed", nil)
	if report.text("items.0.errors.0.rule") != "limit.products" {
		t.Errorf("%s", report.raw)
	}
}
