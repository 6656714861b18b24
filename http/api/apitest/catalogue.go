package apitest

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"slices"
	"strings"
	"testing"

	"entrepot"
	"entrepot/events"
	"entrepot/grains/ecommerce/product"
)

// Shirt returns the body of a product with two variants and a price of its own in one shop.
func (w *World) Shirt() map[string]any {
	return map[string]any{
		"shopIds": []string{w.ShopA, w.ShopB}, "sku": "SHIRT", "name": "Shirt", "price": 20, "currency": "EUR",
		"options": []map[string]any{{"name": "size", "values": []string{"S", "M"}}},
		"variants": []map[string]any{
			{"sku": "SHIRT-S", "options": map[string]string{"size": "S"}},
			{"sku": "SHIRT-M", "options": map[string]string{"size": "M"}, "price": 25.5, "weightGrams": 180},
		},
		"attributes": []map[string]string{{"name": "material", "value": "cotton"}}, "tags": []string{"summer"},
		"shopPrices": []map[string]any{{"shopId": w.ShopB, "price": 18}},
	}
}

// Category creates a category below a parent.
func (w *World) Category(t testing.TB, slug, parent string) {
	t.Helper()
	w.Want(t, 201, "company_admin", "POST", "/api/products/categories", map[string]any{"slug": slug, "parent": parent, "title": "The " + slug})
}

// PNG returns an image of the size.
func PNG(w, h int) []byte {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range w {
		img.SetNRGBA(i, 0, color.NRGBA{R: 200, A: 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// TakeImports hands every import.due to the importer, as the broker does, until
// there is no new one; each twice, as a broker may.
func (w *World) TakeImports(t testing.TB, times int) {
	t.Helper()
	importer := ImporterOf(w.Deps, w.Store)
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

// ImportFile uploads a file of products to import.
func (w *World) ImportFile(t testing.TB, as, contentType, file string, headers ...string) *Reply {
	t.Helper()
	return w.Want(t, 202, as, "POST", "/api/products/imports", file, append([]string{"Content-Type", contentType}, headers...)...)
}

// ImportRows imports a file and answers the report's rows.
func (w *World) ImportRows(t testing.TB, file string) (*Reply, []any) {
	t.Helper()
	job := w.ImportFile(t, "company_admin", "text/csv", file)
	w.TakeImports(t, 2)
	at := "/api/products/imports/" + job.Text("id")
	report := w.Want(t, 200, "company_admin", "GET", at+"/report?limit=100", nil)
	return report, report.List("items")
}

// Findable fills the world's shops with things to be found.
func (w *World) Findable(t *testing.T) {
	t.Helper()
	for i, p := range []product.Product{
		{Name: "Espresso Cup", Brand: "Terra", Category: "cups", Price: 1200, Attributes: []product.Attribute{{Name: "colour", Value: "red"}}, Tags: []string{"gift"}},
		{Name: "Stoneware Mug", Brand: "Terra", Category: "mugs", Price: 1500, Attributes: []product.Attribute{{Name: "colour", Value: "blue"}}},
		{Name: "Espresso Beans", Brand: "Kaai", Category: "coffee", Price: 2190, Description: "<b>Dark</b> roast"},
	} {
		p.CompanyID, p.ShopIDs, p.SKU, p.Currency = w.Company, []string{w.ShopA}, "FIND-"+string(rune('A'+i)), "EUR"
		w.Tell(t, product.Name, entrepot.NewID(), product.Create{Product: p})
	}
	Eventually(t, "they are found", func() bool { return w.Found.Len() == 7 })
}

// Names reports whether an error names the field, with a rule and a message.
func Names(r *Reply, field string) bool {
	for _, e := range r.List("errors") {
		if m, ok := e.(map[string]any); ok && m["field"] == field && m["rule"] != "" && m["message"] != "" {
			return true
		}
	}
	return false
}

// Names are the names in a list of users, sorted.
func (r *Reply) Names() []string {
	var out []string
	for _, i := range r.List("items") {
		u, _ := i.(map[string]any)
		name, _ := u["name"].(string)
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// NamesOf returns the names of the items of a list.
func NamesOf(r *Reply) string {
	var out []string
	for _, i := range r.List("items") {
		name, _ := i.(map[string]any)["name"].(string)
		out = append(out, name)
	}
	return strings.Join(out, ", ")
}

// Receive adds mugs to the stock of the first shop under an Idempotency-Key.
func (w *World) Receive(t testing.TB, key string, quantity int) *Reply {
	t.Helper()
	body := map[string]any{"productId": w.Mug, "shopId": w.ShopA, "quantity": quantity, "reason": "purchase"}
	return w.Call(t, "shop_manager", "POST", "/api/inventory/items", body, "Idempotency-Key", key)
}

// Item returns the body of a line of a cart or an order.
func Item(product string, quantity int) map[string]any {
	return map[string]any{"productId": product, "quantity": quantity}
}

// Guest opens a guest's cart and returns its token.
func (w *World) Guest(t testing.TB) string {
	t.Helper()
	r := w.Want(t, 201, "", "POST", "/api/cart/guest", nil)
	token := r.Text("token")
	if len(token) != 43 || strings.Contains(string(r.Raw[len(`{"token":"`)+43:]), token) {
		t.Fatalf("%s", r.Raw)
	}
	return token
}

// Code creates a promo code and returns its path.
func (w *World) Code(t testing.TB, body map[string]any) string {
	t.Helper()
	return w.Want(t, 201, "company_admin", "POST", "/api/cart/promotions", body).Header.Get("Location")
}

// Ptr returns a pointer to a copy of the value.
func Ptr[V any](v V) *V { return &v }
