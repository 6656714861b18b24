package ecommerce_test

import (
	"fmt"
	"testing"

	"entrepot/http/api/apitest"
)

func TestCategories(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	at := "/api/products/categories"
	w.Category(t, "drinks", "")
	made := w.Want(t, 201, "company_admin", "POST", at, `{"slug":"tea","title":"Tea","parent":"drinks"}`)
	if made.Header.Get("Location") != at+"/tea" || made.Text("path.0") != "drinks" {
		t.Fatalf("%v %s", made.Header, made.Raw)
	}
	w.Category(t, "green-tea", "tea")
	w.Category(t, "kitchen", "")

	tree := w.Want(t, 200, "", "GET", at+"?companyId="+w.Company, nil)
	if len(tree.List("items")) != 4 || tree.Text("items.2.slug") != "green-tea" || tree.Text("items.2.path.1") != "tea" {
		t.Fatalf("%s", tree.Raw)
	}
	if own := w.Want(t, 200, "shop_staff", "GET", at, nil); string(own.Raw) != string(tree.Raw) {
		t.Errorf("one's own: %s", own.Raw)
	}
	if r := w.Want(t, 200, "", "GET", at+"?companyId="+w.OtherCompany, nil); len(r.List("items")) != 0 {
		t.Errorf("another company's: %s", r.Raw)
	}
	// Move with all below it, from what was read.
	moved := w.Want(t, 200, "company_admin", "PATCH", at+"/tea", `{"parent":"kitchen","title":"Teas"}`, "If-Match", tree.Header.Get("ETag"))
	if moved.Text("path.0") != "kitchen" || moved.Text("title") != "Teas" {
		t.Errorf("%s", moved.Raw)
	}
	if r := w.Want(t, 409, "company_admin", "PATCH", at+"/tea", `{"position":2}`, "If-Match", tree.Header.Get("ETag")); r.Text("code") != "stale" {
		t.Errorf("%s", r.Raw)
	}
	if r := w.Want(t, 400, "company_admin", "PATCH", at+"/kitchen", `{"parent":"green-tea"}`); !apitest.Names(r, "parent") {
		t.Errorf("a cycle: %s", r.Raw)
	}
	w.Want(t, 409, "company_admin", "DELETE", at+"/tea", nil)
	w.Want(t, 204, "company_admin", "DELETE", at+"/green-tea", nil)
	w.Want(t, 404, "company_admin", "DELETE", at+"/green-tea", nil)
	w.Want(t, 409, "company_admin", "POST", at, `{"slug":"tea","title":"Again"}`)
}

// TestCategoriesAreTheCompanys: only its admins keep them; a super admin names whose.
func TestCategoriesAreTheCompanys(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	at := "/api/products/categories"
	w.Category(t, "tea", "")
	for as, want := range map[string]int{"": 401, "customer": 403, "shop_manager": 403, "shop_staff": 403, "other_admin": 404} {
		w.Want(t, want, as, "PATCH", at+"/tea", `{"title":"x"}`)
		w.Want(t, want, as, "DELETE", at+"/tea", nil)
	}
	w.Want(t, 400, "other_admin", "PATCH", at+"/tea?companyId="+w.Company, `{"title":"x"}`)
	w.Want(t, 400, "super_admin", "PATCH", at+"/tea", `{"title":"x"}`)
	w.Want(t, 200, "super_admin", "PATCH", at+"/tea?companyId="+w.Company, `{"title":"Tea"}`)
	w.Want(t, 404, "super_admin", "POST", at, fmt.Sprintf(`{"companyId":%q,"slug":"a","title":"A"}`, w.Mug))
	w.Want(t, 201, "super_admin", "POST", at, fmt.Sprintf(`{"companyId":%q,"slug":"a","title":"A"}`, w.OtherCompany))
	for _, c := range []struct{ as, body, field string }{
		{"company_admin", `{"slug":"Tea Time","title":"A"}`, "slug"},
		{"company_admin", `{"slug":"a"}`, "title"},
		{"company_admin", `{"slug":"a","title":"A","parent":"nowhere"}`, "parent"},
		{"company_admin", `{"slug":"a","title":"A","position":-1}`, "position"},
		{"company_admin", `{"slug":"a","title":"A","children":[]}`, "children"},
		{"super_admin", `{"slug":"a","title":"A"}`, "companyId"},
	} {
		if r := w.Want(t, 400, c.as, "POST", at, c.body); !apitest.Names(r, c.field) {
			t.Errorf("%s: %s", c.body, r.Raw)
		}
	}
	if r := w.Want(t, 400, "", "GET", at, nil); !apitest.Names(r, "companyId") {
		t.Errorf("%s", r.Raw)
	}
}
