package ecommerce_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"entrepot/http/api/apitest"
)

// TestImportVariants: rows that share a SKU are one product, a row a variant.
func TestImportVariants(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	head := "sku,name,price,currency,shopIds,options,variantSku,variantOptions,variantPrice,variantWeightGrams,variantInactive\n"
	report, rows := w.ImportRows(t, head+
		"SHIRT,Shirt,20,EUR,"+w.ShopA+",\"size=S,M,L|colour=red\",SHIRT-S,size=S|colour=red,,,\n"+
		"SHIRT,,,,,,SHIRT-M,colour=red|size=M,25.5,180,\n"+
		"SHIRT,Shirt,20,,,,SHIRT-B,colour=blue|size=M,,,true\n"+
		"PLAIN,Plain,1,EUR,"+w.ShopA+",,,,,,\n")
	for i := range rows {
		if report.Text(fmt.Sprintf("items.%d.outcome", i)) != "created" || len(rows) != 4 {
			t.Fatalf("%s", report.Raw)
		}
	}
	path := "/api/products/" + report.Text("items.2.productId")
	p := w.Want(t, 200, "company_admin", "GET", path, nil)
	for at, want := range map[string]any{
		"name": "Shirt", "options.0.name": "size", "options.0.values.2": "L", "options.1.values.1": "blue",
		"variants.0.sku": "SHIRT-S", "variants.0.price": 20.0, "variants.1.price": 25.5, "variants.1.weightGrams": 180.0,
		"variants.1.options.colour": "red", "variants.2.inactive": true,
	} {
		if p.At(at) != want {
			t.Errorf("%s is %v, not %v: %s", at, p.At(at), want, p.Raw)
		}
	}
	// A row changes one variant in what it names, or adds one; the others stay.
	report, _ = w.ImportRows(t, "sku,variantSku,variantPrice,variantOptions\nSHIRT,SHIRT-M,30,\nSHIRT,SHIRT-XL,,size=XL|colour=red\n")
	q := w.Want(t, 200, "company_admin", "GET", path, nil)
	if len(q.List("variants")) != 4 || q.At("variants.1.price") != 30.0 || q.At("variants.1.weightGrams") != 180.0 ||
		q.Text("variants.1.id") != p.Text("variants.1.id") || q.Text("options.0.values.3") != "XL" || q.At("variants.2.inactive") != true {
		t.Errorf("%s\n%s", q.Raw, report.Raw)
	}
}

// TestImportVariantsFail: each row of a product that fails says what is wrong in
// it, and nothing of the product is changed.
func TestImportVariantsFail(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	w.Want(t, 201, "company_admin", "POST", "/api/products", w.Shirt())
	before := len(w.Events())
	for name, c := range map[string]struct{ rows, field, rule string }{
		"a price that is none":   {"SHIRT,,SHIRT-M,size=M,dear\n", "variantPrice", ""},
		"a price too fine":       {"SHIRT,,SHIRT-M,size=M,1.999\n", "variantPrice", ""},
		"an option it has not":   {"SHIRT,,SHIRT-M,colour=M,\n", "", ""},
		"no SKU of a new one":    {"SHIRT,,,size=XL,\n", "variantSku", "required"},
		"a SKU that is taken":    {"SHIRT,,SHIRT,size=XL,\n", "variantSku", "unique"},
		"another product's name": {"SHIRT,Other,SHIRT-M,,\n", "name", "same"},
	} {
		report, rows := w.ImportRows(t, "sku,name,variantSku,variantOptions,variantPrice\nSHIRT,Shirt,SHIRT-S,,21\n"+c.rows)
		if len(rows) != 2 || report.Text("items.0.outcome") != "failed" || report.Text("items.1.outcome") != "failed" {
			t.Errorf("%s: %s", name, report.Raw)
			continue
		}
		if c.field != "" && (report.Text("items.1.errors.0.field") != c.field || (c.rule != "" && report.Text("items.1.errors.0.rule") != c.rule) || report.At("items.0.errors") != nil) {
			t.Errorf("%s: %s", name, report.Raw)
		}
	}
	for _, e := range w.Events()[before:] {
		if strings.HasPrefix(e.Type, "product.") {
			t.Errorf("%s", e.Data)
		}
	}
}

// TestVariantsStayInOneChunk: a product whose variants pass the end of a chunk is
// made whole, by one command.
func TestVariantsStayInOneChunk(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	var b strings.Builder
	b.WriteString("sku,name,price,currency,shopIds,variantSku,variantOptions\n")
	for range 490 {
		b.WriteString("MUG,Mug,,,,,\n")
	}
	for i := range 150 {
		fmt.Fprintf(&b, "WIDE,Wide,1,EUR,%s,WIDE-%d,n=%d\n", w.ShopA, i, i)
	}
	b.WriteString("CUP,Cup,,,,,\n")
	job := w.ImportFile(t, "company_admin", "text/csv", b.String())
	w.TakeImports(t, 2)
	if r := w.Want(t, 200, "company_admin", "GET", "/api/products/imports/"+job.Text("id"), nil); r.At("created") != 150.0 || r.At("updated") != 491.0 || r.Text("status") != "done" {
		t.Fatalf("%s", r.Raw)
	}
	made := 0
	for _, e := range w.Events() {
		if strings.HasPrefix(e.Type, "product.") && bytes.Contains(e.Data, []byte("WIDE-0")) {
			made++
		}
	}
	list := w.Want(t, 200, "company_admin", "GET", "/api/products?limit=100", nil)
	for i := range list.List("items") {
		if at := fmt.Sprintf("items.%d.", i); list.Text(at+"sku") == "WIDE" && len(list.List(at+"variants")) != 150 {
			t.Errorf("%d variants", len(list.List(at+"variants")))
		}
	}
	if made > 1 {
		t.Errorf("%d events of one product", made)
	}
}

// TestExportImportsTheSame: whatever products are made of, a table of them makes
// the same products again, and changes nothing in them.
func TestExportImportsTheSame(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	rng := rand.New(rand.NewPCG(7, 7))
	var paths []string
	for i := range 40 {
		r := w.Want(t, 201, "company_admin", "POST", "/api/products", w.AnyProduct(rng, i))
		paths = append(paths, "/api/products/"+r.Text("id"))
	}
	table := string(w.Want(t, 200, "company_admin", "GET", "/api/products/export", nil).Raw)
	events := len(w.Events())
	report, _ := w.ImportRows(t, table)
	for _, e := range w.Events()[events:] {
		if strings.HasPrefix(e.Type, "product.") {
			t.Errorf("changed by its own export: %s", e.Data)
		}
	}
	if strings.Contains(string(report.Raw), `"failed"`) {
		t.Fatalf("%s", report.Raw)
	}
	was := make(map[string]any, len(paths))
	const indexed = "the index knows whether it is in stock"
	for _, path := range paths {
		apitest.Eventually(t, indexed, func() bool { return w.Found.Version(path[len("/api/products/"):]) > 0 })
		p := w.Want(t, 200, "company_admin", "GET", path, nil)
		was[p.Text("sku")] = withoutIDs(t, p.Raw)
		w.Want(t, 204, "company_admin", "DELETE", path, nil)
	}
	if report, _ = w.ImportRows(t, table); strings.Contains(string(report.Raw), `"failed"`) {
		t.Fatalf("%s", report.Raw)
	}
	again := string(w.Want(t, 200, "company_admin", "GET", "/api/products/export", nil).Raw)
	rows, err := csv.NewReader(strings.NewReader(strings.Split(again, "# exported")[0])).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if before, _ := csv.NewReader(strings.NewReader(strings.Split(table, "# exported")[0])).ReadAll(); len(rows) != len(before) {
		t.Errorf("%d rows, %d before", len(rows), len(before))
	}
	list := w.Want(t, 200, "company_admin", "GET", "/api/products?limit=100", nil)
	for i := range list.List("items") {
		sku := list.Text(fmt.Sprintf("items.%d.sku", i))
		if was[sku] == nil {
			continue
		}
		id := list.Text(fmt.Sprintf("items.%d.id", i))
		apitest.Eventually(t, indexed, func() bool { return w.Found.Version(id) > 0 })
		p := w.Want(t, 200, "company_admin", "GET", "/api/products/"+id, nil)
		if now := withoutIDs(t, p.Raw); !reflect.DeepEqual(now, was[sku]) {
			t.Errorf("%s is\n%v, was\n%v", sku, now, was[sku])
		}
		delete(was, sku)
	}
	if len(was) > 0 {
		t.Errorf("not there again: %v", was)
	}
}

// withoutIDs is a product without what is new of one that is made again.
func withoutIDs(t *testing.T, raw []byte) map[string]any {
	t.Helper()
	var p map[string]any
	if err := json.Unmarshal(raw, &p); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"id", "createdAt", "updatedAt"} {
		delete(p, name)
	}
	if list, ok := p["variants"].([]any); ok {
		for _, v := range list {
			delete(v.(map[string]any), "id")
		}
	}
	return p
}
