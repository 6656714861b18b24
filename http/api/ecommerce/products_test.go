package ecommerce_test

import (
	"strings"
	"testing"

	"entrepot/http/api/apitest"
)

func TestCatalogue(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	p := w.Want(t, 200, "", "GET", "/api/products/"+w.Mug, nil)
	if !strings.Contains(string(p.Raw), `"price":19.99,`) || p.Text("currency") != "EUR" {
		t.Errorf("product is %s", p.Raw)
	}
	w.Want(t, 404, "", "GET", "/api/products/"+w.Draft, nil)
	w.Want(t, 200, "shop_staff", "GET", "/api/products/"+w.Draft, nil)
	w.Want(t, 404, "other_admin", "GET", "/api/products/"+w.Draft, nil)

	count := func(as, query string, n int) *apitest.Reply {
		t.Helper()
		r := w.Want(t, 200, as, "GET", "/api/products"+query, nil)
		if got := len(r.List("items")); got != n {
			t.Errorf("as %q, %s lists %d products, want %d: %s", as, query, got, n, r.Raw)
		}
		return r
	}
	count("", "", 3)
	count("customer", "?category=kitchen", 3)
	count("company_admin", "", 3) // its own, the draft too
	count("company_admin", "?status=draft", 1)
	count("super_admin", "", 4)
	count("", "?shopId="+w.ShopB, 2)
	count("", "?shopId="+w.ShopA, 1)
	count("", "?companyId="+w.OtherCompany, 1)
	count("", "?q=Product+C", 1)
	count("", "?minPrice=5.00&maxPrice=9&currency=EUR", 2)
	count("", "?minPrice=5.00&currency=USD", 0)
	first := count("", "?sort=price&limit=2", 2)
	second := count("", "?sort=price&limit=2&cursor="+first.Text("nextCursor"), 1)
	if second.Text("items.0.id") != w.Mug || second.Text("nextCursor") != "" {
		t.Errorf("the second page is %s", second.Raw)
	}
}

func TestProductLife(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	body := map[string]any{"shopIds": []string{w.ShopA}, "sku": "NEW", "name": "New", "price": 1.5, "currency": "EUR"}
	r := w.Want(t, 201, "company_admin", "POST", "/api/products", body)
	at := r.Header.Get("Location")
	if at != "/api/products/"+r.Text("id") || !strings.Contains(string(r.Raw), `"price":1.50`) {
		t.Errorf("create answered %s, %v", r.Raw, at)
	}
	list := "/api/products?q=New"
	// What is found by text is shown within a second, not at once.
	apitest.Eventually(t, "the list shows it", func() bool { return len(w.Want(t, 200, "", "GET", list, nil).List("items")) == 1 })
	tag := w.Want(t, 200, "", "GET", at, nil).Header.Get("ETag")
	if r.Header.Get("ETag") != tag || tag == "" {
		t.Errorf("created at %q, read at %q", r.Header.Get("ETag"), tag)
	}
	w.Want(t, 200, "shop_staff", "PATCH", at, map[string]any{"name": "Newer", "price": 2}, "If-Match", tag)
	if stale := w.Want(t, 409, "company_admin", "PATCH", at, map[string]any{"name": "Newest"}, "If-Match", tag); stale.Text("code") != "stale" || !apitest.Names(stale, "If-Match") {
		t.Errorf("from the version before: %s", stale.Raw)
	}
	apitest.Eventually(t, "the list shows the change", func() bool {
		return w.Want(t, 200, "", "GET", list, nil).Text("items.0.name") == "Newer"
	})
	w.Want(t, 403, "shop_staff", "DELETE", at, nil)
	w.Want(t, 404, "other_admin", "DELETE", at+"0"[:0], nil)
	w.Want(t, 204, "company_admin", "DELETE", at, nil)
	w.Want(t, 404, "", "GET", at, nil)

	body["shopIds"] = []string{w.OtherShop}
	if r := w.Want(t, 404, "company_admin", "POST", "/api/products", body); r.Text("errors.0.field") != "shopIds[0]" {
		t.Errorf("a foreign shop answered %s", r.Raw)
	}
	body["companyId"] = w.OtherCompany
	if r := w.Want(t, 400, "company_admin", "POST", "/api/products", body); r.Text("errors.0.field") != "companyId" {
		t.Errorf("a foreign company answered %s", r.Raw)
	}
}
