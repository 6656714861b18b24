package api_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// importRows imports a file and answers the report's rows.
func (w *world) importRows(t testing.TB, file string) (*reply, []any) {
	t.Helper()
	job := w.importFile(t, "company_admin", "text/csv", file)
	w.takeImports(t, 2)
	at := "/api/products/imports/" + job.text("id")
	report := w.want(t, 200, "company_admin", "GET", at+"/report?limit=100", nil)
	return report, report.list("items")
}

// TestImportVariants: rows that share a SKU are one product, a row a variant.
func TestImportVariants(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	head := "sku,name,price,currency,shopIds,options,variantSku,variantOptions,variantPrice,variantWeightGrams,variantInactive\n"
	report, rows := w.importRows(t, head+
		"SHIRT,Shirt,20,EUR,"+w.shopA+",\"size=S,M,L|colour=red\",SHIRT-S,size=S|colour=red,,,\n"+
		"SHIRT,,,,,,SHIRT-M,colour=red|size=M,25.5,180,\n"+
		"SHIRT,Shirt,20,,,,SHIRT-B,colour=blue|size=M,,,true\n"+
		"PLAIN,Plain,1,EUR,"+w.shopA+",,,,,,\n")
	for i := range rows {
		if report.text(fmt.Sprintf("items.%d.outcome", i)) != "created" || len(rows) != 4 {
			t.Fatalf("%s", report.raw)
		}
	}
	path := "/api/products/" + report.text("items.2.productId")
	p := w.want(t, 200, "company_admin", "GET", path, nil)
	for at, want := range map[string]any{
		"name": "Shirt", "options.0.name": "size", "options.0.values.2": "L", "options.1.values.1": "blue",
		"variants.0.sku": "SHIRT-S", "variants.0.price": 20.0, "variants.1.price": 25.5, "variants.1.weightGrams": 180.0,
		"variants.1.options.colour": "red", "variants.2.inactive": true,
	} {
		if p.at(at) != want {
			t.Errorf("%s is %v, not %v: %s", at, p.at(at), want, p.raw)
		}
	}
	// A row changes one variant in what it names, or adds one; the others stay.
	report, _ = w.importRows(t, "sku,variantSku,variantPrice,variantOptions\nSHIRT,SHIRT-M,30,\nSHIRT,SHIRT-XL,,size=XL|colour=red\n")
	q := w.want(t, 200, "company_admin", "GET", path, nil)
	if len(q.list("variants")) != 4 || q.at("variants.1.price") != 30.0 || q.at("variants.1.weightGrams") != 180.0 ||
		q.text("variants.1.id") != p.text("variants.1.id") || q.text("options.0.values.3") != "XL" || q.at("variants.2.inactive") != true {
		t.Errorf("%s\n%s", q.raw, report.raw)
	}
}

// TestImportVariantsFail: each row of a product that fails says what is wrong in
// it, and nothing of the product is changed.
func TestImportVariantsFail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.want(t, 201, "company_admin", "POST", "/api/products", w.shirt())
	before := len(w.Events())
	for name, c := range map[string]struct{ rows, field, rule string }{
		"a price that is none":   {"SHIRT,,SHIRT-M,size=M,dear\n", "variantPrice", ""},
		"a price too fine":       {"SHIRT,,SHIRT-M,size=M,1.999\n", "variantPrice", ""},
		"an option it has not":   {"SHIRT,,SHIRT-M,colour=M,\n", "", ""},
		"no SKU of a new one":    {"SHIRT,,,size=XL,\n", "variantSku", "required"},
		"a SKU that is taken":    {"SHIRT,,SHIRT,size=XL,\n", "variantSku", "unique"},
		"another product's name": {"SHIRT,Other,SHIRT-M,,\n", "name", "same"},
	} {
		report, rows := w.importRows(t, "sku,name,variantSku,variantOptions,variantPrice\nSHIRT,Shirt,SHIRT-S,,21\n"+c.rows)
		if len(rows) != 2 || report.text("items.0.outcome") != "failed" || report.text("items.1.outcome") != "failed" {
			t.Errorf("%s: %s", name, report.raw)
			continue
		}
		if c.field != "" && (report.text("items.1.errors.0.field") != c.field || (c.rule != "" && report.text("items.1.errors.0.rule") != c.rule) || report.at("items.0.errors") != nil) {
			t.Errorf("%s: %s", name, report.raw)
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
	w := newWorld(t)
	var b strings.Builder
	b.WriteString("sku,name,price,currency,shopIds,variantSku,variantOptions\n")
	for range 490 {
		b.WriteString("MUG,Mug,,,,,\n")
	}
	for i := range 150 {
		fmt.Fprintf(&b, "WIDE,Wide,1,EUR,%s,WIDE-%d,n=%d\n", w.shopA, i, i)
	}
	b.WriteString("CUP,Cup,,,,,\n")
	job := w.importFile(t, "company_admin", "text/csv", b.String())
	w.takeImports(t, 2)
	if r := w.want(t, 200, "company_admin", "GET", "/api/products/imports/"+job.text("id"), nil); r.at("created") != 150.0 || r.at("updated") != 491.0 || r.text("status") != "done" {
		t.Fatalf("%s", r.raw)
	}
	made := 0
	for _, e := range w.Events() {
		if strings.HasPrefix(e.Type, "product.") && bytes.Contains(e.Data, []byte("WIDE-0")) {
			made++
		}
	}
	list := w.want(t, 200, "company_admin", "GET", "/api/products?limit=100", nil)
	for i := range list.list("items") {
		if at := fmt.Sprintf("items.%d.", i); list.text(at+"sku") == "WIDE" && len(list.list(at+"variants")) != 150 {
			t.Errorf("%d variants", len(list.list(at+"variants")))
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
	w := newWorld(t)
	rng := rand.New(rand.NewPCG(7, 7))
	var paths []string
	for i := range 40 {
		r := w.want(t, 201, "company_admin", "POST", "/api/products", w.anyProduct(rng, i))
		paths = append(paths, "/api/products/"+r.text("id"))
	}
	table := string(w.want(t, 200, "company_admin", "GET", "/api/products/export", nil).raw)
	events := len(w.Events())
	report, _ := w.importRows(t, table)
	for _, e := range w.Events()[events:] {
		if strings.HasPrefix(e.Type, "product.") {
			t.Errorf("changed by its own export: %s", e.Data)
		}
	}
	if strings.Contains(string(report.raw), `"failed"`) {
		t.Fatalf("%s", report.raw)
	}
	was := make(map[string]any, len(paths))
	for _, path := range paths {
		p := w.want(t, 200, "company_admin", "GET", path, nil)
		was[p.text("sku")] = withoutIDs(t, p.raw)
		w.want(t, 204, "company_admin", "DELETE", path, nil)
	}
	if report, _ = w.importRows(t, table); strings.Contains(string(report.raw), `"failed"`) {
		t.Fatalf("%s", report.raw)
	}
	again := string(w.want(t, 200, "company_admin", "GET", "/api/products/export", nil).raw)
	rows, err := csv.NewReader(strings.NewReader(strings.Split(again, "# exported")[0])).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if before, _ := csv.NewReader(strings.NewReader(strings.Split(table, "# exported")[0])).ReadAll(); len(rows) != len(before) {
		t.Errorf("%d rows, %d before", len(rows), len(before))
	}
	list := w.want(t, 200, "company_admin", "GET", "/api/products?limit=100", nil)
	for i := range list.list("items") {
		sku := list.text(fmt.Sprintf("items.%d.sku", i))
		if was[sku] == nil {
			continue
		}
		id := list.text(fmt.Sprintf("items.%d.id", i))
		eventually(t, "the index knows whether it is in stock", func() bool { return w.found.Version(id) > 0 })
		p := w.want(t, 200, "company_admin", "GET", "/api/products/"+id, nil)
		if now := withoutIDs(t, p.raw); !reflect.DeepEqual(now, was[sku]) {
			t.Errorf("%s is\n%v, was\n%v", sku, now, was[sku])
		}
		delete(was, sku)
	}
	if len(was) > 0 {
		t.Errorf("not there again: %v", was)
	}
}

// anyProduct is made of texts that a table has to take care of.
func (w *world) anyProduct(rng *rand.Rand, i int) map[string]any {
	text := func() string {
		pieces := []string{"a", "|", "=", ",", `\`, `"`, "'", "-", "/", "é", " b", "#", "\n", "0", "+"}
		s := "x"
		if rng.IntN(2) == 0 {
			s = pieces[rng.IntN(11)] + "x"
		}
		for range rng.IntN(5) {
			s += pieces[rng.IntN(len(pieces))]
		}
		return s + "z"
	}
	p := map[string]any{
		"shopIds": []string{w.shopA, w.shopB}[:1+rng.IntN(2)], "sku": fmt.Sprintf("ANY-%d", i), "name": text(), "description": text(),
		"brand": text(), "price": fmt.Sprintf("%d.%02d", 1+rng.IntN(50), rng.IntN(100)), "currency": "EUR", "status": []string{"active", "draft"}[rng.IntN(2)],
		"tags": []string{text() + "1", text() + "2"}[:rng.IntN(3)], "attributes": []map[string]string{{"name": text(), "value": text()}, {"name": text() + "2", "value": text()}}[:rng.IntN(3)],
	}
	p["price"] = json.Number(p["price"].(string))
	switch rng.IntN(4) {
	case 0:
		p["sale"] = map[string]any{"percent": 1 + rng.IntN(90), "endsAt": "2100-01-01T00:00:00Z"}
	case 1:
		p["sale"] = map[string]any{"price": json.Number("0.99"), "startsAt": "2100-01-01T00:00:00.123Z"}
	case 2:
		p["shopPrices"] = []map[string]any{{"shopId": w.shopA, "price": json.Number("3.10")}}
	}
	if rng.IntN(3) == 0 {
		return p
	}
	size, colour := text()+"s", text()+"c"
	values := [][]string{{text() + "1", text() + "2", "unused"}, {text() + "3", text() + "4"}}
	p["options"] = []map[string]any{{"name": size, "values": values[0]}, {"name": colour, "values": values[1]}}
	var variants []map[string]any
	for n, at := range rng.Perm(4)[:1+rng.IntN(4)] {
		v := map[string]any{"sku": fmt.Sprintf("ANY-%d-%d%s", i, n, text()), "options": map[string]string{size: values[0][at%2], colour: values[1][at/2]}}
		if rng.IntN(2) == 0 {
			v["price"] = json.Number("7.50")
		}
		if rng.IntN(3) == 0 {
			v["inactive"], v["barcode"], v["weightGrams"], v["image"] = true, text(), 1+rng.IntN(900), "https://x.example/"+fmt.Sprint(n)
		}
		variants = append(variants, v)
	}
	p["variants"] = variants
	return p
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
