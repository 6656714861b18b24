package api_test

import (
	"fmt"
	"testing"
)

func (w *world) category(t testing.TB, slug, parent string) {
	t.Helper()
	w.want(t, 201, "company_admin", "POST", "/api/products/categories", map[string]any{"slug": slug, "parent": parent, "title": "The " + slug})
}

func TestCategories(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := "/api/products/categories"
	w.category(t, "drinks", "")
	made := w.want(t, 201, "company_admin", "POST", at, `{"slug":"tea","title":"Tea","parent":"drinks"}`)
	if made.header.Get("Location") != at+"/tea" || made.text("path.0") != "drinks" {
		t.Fatalf("%v %s", made.header, made.raw)
	}
	w.category(t, "green-tea", "tea")
	w.category(t, "kitchen", "")

	tree := w.want(t, 200, "", "GET", at+"?companyId="+w.company, nil)
	if len(tree.list("items")) != 4 || tree.text("items.2.slug") != "green-tea" || tree.text("items.2.path.1") != "tea" {
		t.Fatalf("%s", tree.raw)
	}
	if own := w.want(t, 200, "shop_staff", "GET", at, nil); string(own.raw) != string(tree.raw) {
		t.Errorf("one's own: %s", own.raw)
	}
	if r := w.want(t, 200, "", "GET", at+"?companyId="+w.otherCompany, nil); len(r.list("items")) != 0 {
		t.Errorf("another company's: %s", r.raw)
	}
	// Move with all below it, from what was read.
	moved := w.want(t, 200, "company_admin", "PATCH", at+"/tea", `{"parent":"kitchen","title":"Teas"}`, "If-Match", tree.header.Get("ETag"))
	if moved.text("path.0") != "kitchen" || moved.text("title") != "Teas" {
		t.Errorf("%s", moved.raw)
	}
	if r := w.want(t, 409, "company_admin", "PATCH", at+"/tea", `{"position":2}`, "If-Match", tree.header.Get("ETag")); r.text("code") != "stale" {
		t.Errorf("%s", r.raw)
	}
	if r := w.want(t, 400, "company_admin", "PATCH", at+"/kitchen", `{"parent":"green-tea"}`); !names(r, "parent") {
		t.Errorf("a cycle: %s", r.raw)
	}
	w.want(t, 409, "company_admin", "DELETE", at+"/tea", nil)
	w.want(t, 204, "company_admin", "DELETE", at+"/green-tea", nil)
	w.want(t, 404, "company_admin", "DELETE", at+"/green-tea", nil)
	w.want(t, 409, "company_admin", "POST", at, `{"slug":"tea","title":"Again"}`)
}

// TestCategoriesAreTheCompanys: only its admins keep them; a super admin names whose.
func TestCategoriesAreTheCompanys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := "/api/products/categories"
	w.category(t, "tea", "")
	for as, want := range map[string]int{"": 401, "customer": 403, "shop_manager": 403, "shop_staff": 403, "other_admin": 404} {
		w.want(t, want, as, "PATCH", at+"/tea", `{"title":"x"}`)
		w.want(t, want, as, "DELETE", at+"/tea", nil)
	}
	w.want(t, 400, "other_admin", "PATCH", at+"/tea?companyId="+w.company, `{"title":"x"}`)
	w.want(t, 400, "super_admin", "PATCH", at+"/tea", `{"title":"x"}`)
	w.want(t, 200, "super_admin", "PATCH", at+"/tea?companyId="+w.company, `{"title":"Tea"}`)
	w.want(t, 404, "super_admin", "POST", at, fmt.Sprintf(`{"companyId":%q,"slug":"a","title":"A"}`, w.mug))
	w.want(t, 201, "super_admin", "POST", at, fmt.Sprintf(`{"companyId":%q,"slug":"a","title":"A"}`, w.otherCompany))
	for _, c := range []struct{ as, body, field string }{
		{"company_admin", `{"slug":"Tea Time","title":"A"}`, "slug"},
		{"company_admin", `{"slug":"a"}`, "title"},
		{"company_admin", `{"slug":"a","title":"A","parent":"nowhere"}`, "parent"},
		{"company_admin", `{"slug":"a","title":"A","position":-1}`, "position"},
		{"company_admin", `{"slug":"a","title":"A","children":[]}`, "children"},
		{"super_admin", `{"slug":"a","title":"A"}`, "companyId"},
	} {
		if r := w.want(t, 400, c.as, "POST", at, c.body); !names(r, c.field) {
			t.Errorf("%s: %s", c.body, r.raw)
		}
	}
	if r := w.want(t, 400, "", "GET", at, nil); !names(r, "companyId") {
		t.Errorf("%s", r.raw)
	}
}
