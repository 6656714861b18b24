package company_test

import (
	"strings"
	"testing"

	"entrepot/http/api/apitest"
)

func TestCompaniesAndShops(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	r := w.Want(t, 201, "super_admin", "POST", "/api/companies", map[string]any{
		"name": "New", "slug": "new", "settings": map[string]any{"currency": "JPY", "taxRate": 10.25},
	})
	if !strings.Contains(string(r.Raw), `"taxRate":10.25`) {
		t.Errorf("company is %s", r.Raw)
	}
	if l := w.Want(t, 200, "super_admin", "GET", "/api/companies", nil); len(l.List("items")) != 3 {
		t.Errorf("companies are %s", l.Raw)
	}
	w.Want(t, 200, "company_admin", "GET", "/api/companies/"+w.Company, nil)
	w.Want(t, 404, "company_admin", "GET", "/api/companies/"+w.OtherCompany, nil)
	w.Want(t, 201, "company_admin", "POST", "/api/shops", map[string]any{"name": "Third", "location": map[string]any{"city": "Kiel"}})
	for as, n := range map[string]int{"": 4, "customer": 4, "super_admin": 4, "company_admin": 3, "shop_manager": 1, "other_admin": 1} {
		if l := w.Want(t, 200, as, "GET", "/api/shops", nil); len(l.List("items")) != n {
			t.Errorf("as %q the shops are %s", as, l.Raw)
		}
	}
	w.Want(t, 200, "", "GET", "/api/shops/"+w.ShopA, nil)
}
