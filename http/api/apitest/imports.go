package apitest

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"entrepot"
	"entrepot/actors/ecommerce/importer"
	"entrepot/cmd/entrepot/services"
	"entrepot/events"
	"entrepot/persistence"
	"entrepot/persistence/blob"
)

// ImporterOf returns the importer that works with what handlers have.
func ImporterOf(d services.Deps, store persistence.Store) *importer.Importer {
	return importer.New(importer.Config{Asker: d.Asker, Store: store, Blobs: d.Blobs, Changed: d.Lists.Invalidate, Now: d.Now})
}

// DueOf is the event that asks for the import's next rows.
func (w *World) DueOf(id entrepot.ID) (due *events.Delivery) {
	for _, e := range w.Events() {
		if e.Type == "import.due" && e.Aggregate.ID == id {
			due = &events.Delivery{Envelope: e}
		}
	}
	return due
}

// File reports whether the file of an import is stored.
func (w *World) File(t testing.TB, id entrepot.ID) bool {
	t.Helper()
	b, err := w.Deps.Blobs.Get(t.Context(), "imports/"+id, 0)
	if err == nil {
		_ = b.Close()
	} else if !errors.Is(err, blob.ErrNotFound) {
		t.Fatal(err)
	}
	return err == nil
}

// Handled gives the importer an event, twice.
func (w *World) Handled(t testing.TB, importer *importer.Importer, d *events.Delivery) {
	t.Helper()
	for range 2 {
		if err := importer.Handle(t.Context(), []*events.Delivery{d})[0]; err != nil {
			t.Fatal(err)
		}
	}
}

// CountProducts returns the number of the company's exported products.
func (w *World) CountProducts(t testing.TB) int {
	t.Helper()
	table := string(w.Want(t, 200, "company_admin", "GET", "/api/products/export", nil).Raw)
	return strings.Count(table, "\n") - 2
}

// AnyProduct is made of texts that a table has to take care of.
func (w *World) AnyProduct(rng *rand.Rand, i int) map[string]any {
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
		"shopIds": []string{w.ShopA, w.ShopB}[:1+rng.IntN(2)], "sku": fmt.Sprintf("ANY-%d", i), "name": text(), "description": text(),
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
		p["shopPrices"] = []map[string]any{{"shopId": w.ShopA, "price": json.Number("3.10")}}
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
