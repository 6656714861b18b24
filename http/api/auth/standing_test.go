package auth_test

import (
	"testing"

	"entrepot"
	"entrepot/grains/auth/access"
	"entrepot/http/api/apitest"
)

// TestCompaniesNotInFullStanding: what staff and customers may still do.
func TestCompaniesNotInFullStanding(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	set := func(standing string, version int64) {
		t.Helper()
		w.Tell(t, access.Name, access.ID, access.SetCompany{CompanyID: w.Company, Standing: standing, Version: version})
		if err := w.Trusted.Now(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	order := func(product entrepot.ID) map[string]any {
		return map[string]any{
			"items":           []any{map[string]any{"productId": product, "quantity": 1}},
			"shippingAddress": map[string]any{"name": "Ada", "line1": "Quay 1", "city": "Antwerp", "postalCode": "2000", "country": "BE"},
		}
	}
	profile := map[string]any{"name": "Ada"}
	for i, c := range []struct {
		standing          string
		read, write, sell int
	}{{"full", 200, 404, 201}, {"read_only", 200, 403, 409}, {"closed", 403, 403, 409}, {"full", 200, 404, 201}} {
		set(c.standing, int64(i+1))
		absent := "/api/orders/" + entrepot.NewID()
		w.Want(t, c.read, "company_admin", "GET", "/api/orders", nil)
		r := w.Want(t, c.write, "company_admin", "POST", absent+"/cancel", map[string]any{"reason": "test"})
		if c.write == 403 && r.Text("code") != "company_suspended" {
			t.Errorf("%s: %s", c.standing, r.Raw)
		}
		w.Want(t, 200, "company_admin", "PUT", "/api/auth/profile", profile)
		w.Want(t, 200, "company_admin", "GET", "/api/companies/"+w.Company, nil)
		w.Want(t, 200, "other_admin", "GET", "/api/orders", nil)
		w.Want(t, 404, "super_admin", "POST", absent+"/cancel", map[string]any{"reason": "test"})
		r = w.Want(t, c.sell, "customer", "POST", "/api/orders", order(w.Mug))
		if c.sell == 409 && (r.Text("errors.0.field") != "items[0].productId" || r.Text("errors.0.rule") != "company_suspended") {
			t.Errorf("%s: %s", c.standing, r.Raw)
		}
		w.Want(t, 201, "customer", "POST", "/api/orders", order(w.OtherMug))
	}
}
