package ecommerce_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"entrepot/events"
	"entrepot/grains/ecommerce/imports"
	"entrepot/http/api/apitest"
	"entrepot/persistence"
	"entrepot/persistence/storetest"
)

func TestImportCSV(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	file := "\uFEFFsku,name,price,currency,shopIds,tags,attributes\r\n" +
		"NEW-1,\"A, quoted\",12.50,EUR," + w.ShopA + "|" + w.ShopB + ",a|b,origin=Assam\r\n" +
		"MUG,Better Mug,,,,,\r\n" +
		"NEW-2,Bad price,1.999,EUR," + w.ShopA + ",,\r\n" +
		"NEW-3,No such shop,1,EUR," + w.OtherShop + ",,\r\n" +
		"NEW-4,too few\r\n" +
		"NEW-1,A renamed,,,,,\r\n" +
		"CUP,,,USD,,,\r\n" +
		",nameless,1,EUR," + w.ShopA + ",,\r\n"
	job := w.ImportFile(t, "company_admin", "text/csv", file)
	at := "/api/products/imports/" + job.Text("id")
	if job.Header.Get("Location") != at || job.Text("status") != "running" {
		t.Fatalf("%v %s", job.Header, job.Raw)
	}
	w.TakeImports(t, 2)
	done := w.Want(t, 200, "company_admin", "GET", at, nil)
	for field, want := range map[string]any{"status": "done", "rows": 8.0, "created": 1.0, "updated": 2.0, "failed": 5.0, "position": float64(len(file))} {
		if done.At(field) != want {
			t.Errorf("%s: %v, want %v: %s", field, done.At(field), want, done.Raw)
		}
	}
	report := w.Want(t, 200, "company_admin", "GET", at+"/report?outcome=failed", nil)
	for i, want := range []string{"price", "shopIds[0]", "row", "currency", "sku"} {
		if got := report.Text(fmt.Sprintf("items.%d.errors.0.field", i)); got != want {
			t.Errorf("failure %d names %q, want %q: %s", i, got, want, report.Raw)
		}
	}
	if r := w.Want(t, 200, "company_admin", "GET", at+"/report?limit=3", nil); len(r.List("items")) != 3 || r.At("items.2.row") != 3.0 || r.Text("nextCursor") == "" {
		t.Errorf("%s", r.Raw)
	}
	first := w.Want(t, 200, "company_admin", "GET", at+"/report?limit=1", nil).Text("items.0.productId")
	p := w.Want(t, 200, "", "GET", "/api/products/"+first, nil)
	if p.Text("name") != "A renamed" || p.At("price") != 12.5 || p.Text("tags.1") != "b" || p.Text("attributes.0.value") != "Assam" {
		t.Errorf("%s", p.Raw)
	}
	if p := w.Want(t, 200, "", "GET", "/api/products/"+w.Mug, nil); p.Text("name") != "Better Mug" || p.At("price") != 19.99 {
		t.Errorf("%s", p.Raw)
	}
	w.Want(t, 404, "other_admin", "GET", at, nil)
	w.Want(t, 404, "shop_manager", "GET", at+"/report", nil)
	if lines := w.Errors.Taken(); len(lines) > 0 {
		t.Errorf("logged as errors: %q", lines)
	}
}

// What a row lacks is named as the file has it.
func TestImportNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	job := w.ImportFile(t, "company_admin", "text/csv", "sku,name,price,currency\nNEW-1,Of no shop,1,EUR\n")
	w.TakeImports(t, 1)
	r := w.Want(t, 200, "company_admin", "GET", "/api/products/imports/"+job.Text("id")+"/report", nil)
	if r.Text("items.0.errors.0.field") != "shopIds" || r.Text("items.0.errors.0.rule") != "required" {
		t.Errorf("%s", r.Raw)
	}
}

func TestImportLines(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	file := fmt.Sprintf(`{"sku":"S","name":"Shirt","price":20,"currency":"EUR","shopIds":[%q],"options":[{"name":"size","values":["S","M"]}],"variants":[{"sku":"S-S","options":{"size":"S"}},{"sku":"S-M","options":{"size":"M"},"price":25}]}
not json

{"sku":"MUG","tags":["new"],"colour":"red"}
{"sku":"CUP","sale":{"percent":10}}`, w.ShopA)
	job := w.ImportFile(t, "company_admin", "application/jsonl", file, "Idempotency-Key", "k")
	again := w.ImportFile(t, "company_admin", "application/jsonl", file, "Idempotency-Key", "k")
	if again.Text("id") != job.Text("id") || again.Header.Get("Idempotent-Replayed") != "true" {
		t.Fatalf("%s", again.Raw)
	}
	w.Want(t, 422, "company_admin", "POST", "/api/products/imports", file+"\n", "Content-Type", "application/jsonl", "Idempotency-Key", "k")
	w.TakeImports(t, 1)
	at := "/api/products/imports/" + job.Text("id")
	if r := w.Want(t, 200, "company_admin", "GET", at, nil); r.At("created") != 1.0 || r.At("updated") != 1.0 || r.At("failed") != 2.0 || r.Text("status") != "done" {
		t.Fatalf("%s", r.Raw)
	}
	report := w.Want(t, 200, "company_admin", "GET", at+"/report", nil)
	if report.Text("items.1.errors.0.field") != "row" || report.Text("items.2.errors.0.field") != "colour" {
		t.Errorf("%s", report.Raw)
	}
	if p := w.Want(t, 200, "", "GET", "/api/products/"+report.Text("items.0.productId"), nil); len(p.List("variants")) != 2 {
		t.Errorf("%s", p.Raw)
	}
}

// TestManagersImport: rows are taken by what who started the import may do.
func TestManagersImport(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	file := "sku,name,price,currency,shopIds\nOWN,a,1,EUR," + w.ShopA + "\nOTHERS,a,1,EUR," + w.ShopB + "\nCUP,Hijacked,,,\n"
	job := w.ImportFile(t, "shop_manager", "text/csv", file)
	w.TakeImports(t, 1)
	at := "/api/products/imports/" + job.Text("id")
	if r := w.Want(t, 200, "shop_manager", "GET", at, nil); r.At("created") != 1.0 || r.At("failed") != 2.0 {
		t.Fatalf("%s", r.Raw)
	}
	for as, want := range map[string]int{"": 401, "customer": 403, "shop_staff": 403} {
		w.Want(t, want, as, "POST", "/api/products/imports", file, "Content-Type", "text/csv")
	}
	for contentType, want := range map[string]string{"application/json": "Content-Type", "text/csv": "body"} {
		if r := w.Want(t, 400, "shop_manager", "POST", "/api/products/imports", "", "Content-Type", contentType); !apitest.Names(r, want) {
			t.Errorf("%s", r.Raw)
		}
	}
	for _, broken := range []string{"name,price\na,1\n", "sku,colour\na,red\n", "sku,sku\n", "sku\n\"a\n"} {
		job := w.ImportFile(t, "company_admin", "text/csv", broken)
		w.TakeImports(t, 1)
		if r := w.Want(t, 200, "company_admin", "GET", "/api/products/imports/"+job.Text("id"), nil); r.Text("status") != "failed" || r.Text("error") == "" {
			t.Errorf("%q: %s", broken, r.Raw)
		}
	}
}

// TestExportImports: what is exported is imported to the same, and nothing in it is run.
func TestExportImports(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	shirt := w.Shirt()
	shirt["name"] = "=HYPERLINK(1)"
	w.Want(t, 201, "company_admin", "POST", "/api/products", shirt)
	table := string(w.Want(t, 200, "company_admin", "GET", "/api/products/export", nil).Raw)
	if !strings.Contains(table, "SHIRT,'=HYPERLINK(1),") || strings.Contains(table, w.OtherShop) || !strings.HasSuffix(table, "# exported,4\n") {
		t.Fatalf("%s", table)
	}
	lines := string(w.Want(t, 200, "company_admin", "GET", "/api/products/export?format=jsonl", nil).Raw)
	if !strings.HasSuffix(lines, "{\"exported\":4}\n") {
		t.Fatalf("%s", lines)
	}
	before := len(w.Events())
	for contentType, file := range map[string]string{"text/csv": table, "application/jsonl": lines} {
		job := w.ImportFile(t, "company_admin", contentType, file)
		w.TakeImports(t, 1)
		rows := map[string]float64{"text/csv": 5, "application/jsonl": 4}[contentType] // a line a variant
		if r := w.Want(t, 200, "company_admin", "GET", "/api/products/imports/"+job.Text("id"), nil); r.At("updated") != rows || r.At("failed") != 0.0 {
			t.Fatalf("%s\n%s", file, w.Want(t, 200, "company_admin", "GET", "/api/products/imports/"+job.Text("id")+"/report", nil).Raw)
		}
	}
	for _, e := range w.Events()[before:] {
		if strings.HasPrefix(e.Type, "product.") {
			t.Errorf("changed by its own export: %s", e.Data)
		}
	}
	w.Want(t, 403, "shop_staff", "GET", "/api/products/export", nil)
}

// TestImportOfManyRows: what is in memory does not grow with the file.
func TestImportOfManyRows(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	w := apitest.New(t)
	const rows = 5_000 // of a product that is there already: the store in memory keeps products
	var b strings.Builder
	b.WriteString("sku,name\n")
	for i := range rows {
		fmt.Fprintf(&b, "%s,%s\n", []string{"MUG", "CUP", "DRAFT"}[i%3], strings.Repeat("x", 1+i%50))
	}
	job := w.ImportFile(t, "company_admin", "text/csv", b.String())
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc >> 20
	}
	before := heap()
	w.TakeImports(t, 1)
	if r := w.Want(t, 200, "company_admin", "GET", "/api/products/imports/"+job.Text("id"), nil); r.At("rows") != float64(rows) || r.At("updated") != float64(rows) {
		t.Fatalf("%s", r.Raw)
	}
	t.Logf("heap before %d MiB, after %d MiB with the store's rows and events", before, heap())
}

// TestAnInterruptedChunkIsTakenAgain: what its rows made is made once, and told of
// as what it was, whether the report or only the import's own word of it was lost.
func TestAnInterruptedChunkIsTakenAgain(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	job := w.ImportFile(t, "company_admin", "text/csv", "sku,name,price,currency,shopIds\n"+
		"NEW-1,One,1,EUR,"+w.ShopA+"\nNEW-2,Two,2,EUR,"+w.ShopA+"\nNEW-1,One renamed,,,\nMUG,Better Mug,,,\n")
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
	if err := apitest.ImporterOf(w.Deps, faulty).Handle(t.Context(), []*events.Delivery{{Envelope: due}})[0]; err == nil {
		t.Fatal("a chunk that was not reported is done")
	}
	w.TakeImports(t, 2)
	r := w.Want(t, 200, "company_admin", "GET", "/api/products/imports/"+job.Text("id"), nil)
	if r.Text("status") != "done" || r.At("created") != 2.0 || r.At("updated") != 2.0 || r.At("failed") != 0.0 {
		t.Fatalf("%s", r.Raw)
	}
	list := w.Want(t, 200, "company_admin", "GET", "/api/products?companyId="+w.Company, nil)
	names := map[string]int{}
	for i := range list.List("items") {
		names[list.Text(fmt.Sprintf("items.%d.name", i))]++
	}
	if names["One renamed"] != 1 || names["Two"] != 1 || names["Better Mug"] != 1 {
		t.Fatalf("%v", names)
	}
}

// TestAnImportStaysWithinThePlan: as many products as it allows, exactly, and the
// rows beyond say why; those that change what is there pass.
func TestAnImportStaysWithinThePlan(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	w.Want(t, 200, "super_admin", "PUT", "/api/companies/"+w.Company+"/subscription", apitest.Subscription("free", "active"))
	const limit, there = 100, 3 // the plan's, and the world's products
	var b strings.Builder
	b.WriteString("sku,name,price,currency,shopIds\n")
	for i := range limit + 20 {
		fmt.Fprintf(&b, "NEW-%d,Product %d,1,EUR,%s\n", i, i, w.ShopA)
	}
	b.WriteString("MUG,Better Mug,,,\n")
	job := w.ImportFile(t, "company_admin", "text/csv", b.String())
	w.TakeImports(t, 2)
	at := "/api/products/imports/" + job.Text("id")
	r := w.Want(t, 200, "company_admin", "GET", at, nil)
	if r.At("created") != float64(limit-there) || r.At("updated") != 1.0 || r.At("failed") != float64(20+there) {
		t.Fatalf("%s", r.Raw)
	}
	report := w.Want(t, 200, "company_admin", "GET", at+"/report?outcome=failed", nil)
	if report.Text("items.0.errors.0.rule") != "limit.products" {
		t.Errorf("%s", report.Raw)
	}
}
