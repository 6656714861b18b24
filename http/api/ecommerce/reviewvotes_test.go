package ecommerce_test

import (
	"testing"

	"entrepot/actors/ecommerce"
	"entrepot/http/api/apitest"
)

// TestHelpfulVotes: of approved reviews, one a customer, taken back, counted, and
// what is found helpful most comes first.
func TestHelpfulVotes(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	path := "/api/products/" + w.Mug + "/reviews"
	var ids []string
	for n := range 3 {
		as := w.Customer(t, n, "Ada")
		w.Bought(t, as, w.Mug, w.ShopA)
		ids = append(ids, w.Want(t, 201, as, "POST", path, map[string]any{"stars": 5}).Text("id"))
	}
	vote := func(status int, as, method, id string) {
		t.Helper()
		w.Want(t, status, as, method, "/api/products/reviews/"+id+"/helpful", nil)
	}
	order := func(want ...string) {
		t.Helper()
		w.Deliver(t, ecommerce.Votes(w.Store, w))
		r := w.Want(t, 200, "", "GET", path+"?sort=helpful", nil)
		for i, n := range []string{"items.0.id", "items.1.id", "items.2.id"} {
			if r.Text(n) != want[i] {
				t.Errorf("%s", r.Raw)
			}
		}
		first := w.Want(t, 200, "", "GET", path+"?sort=helpful&limit=1", nil)
		next := w.Want(t, 200, "", "GET", path+"?sort=helpful&limit=1&cursor="+first.Text("nextCursor"), nil)
		if first.Text("items.0.id") != want[0] || next.Text("items.0.id") != want[1] {
			t.Errorf("by pages: %s %s", first.Raw, next.Raw)
		}
	}
	vote(404, "customer", "PUT", ids[0]) // it waits for its approval
	for _, id := range ids {
		w.Want(t, 200, "company_admin", "POST", "/api/products/reviews/"+id+"/approve", nil)
	}
	for as, want := range map[string]int{"buyer0": 403, "company_admin": 403, "shop_staff": 403, "super_admin": 403, "": 401} {
		vote(want, as, "PUT", ids[0])
	}
	vote(404, "customer", "DELETE", ids[0])
	for range 2 {
		vote(204, "customer", "PUT", ids[1])
		vote(204, "other_customer", "PUT", ids[1])
		vote(204, "buyer0", "PUT", ids[2])
	}
	order(ids[1], ids[2], ids[0])
	mine := w.Want(t, 200, "customer", "GET", path+"/votes", nil)
	if len(mine.List("items")) != 1 || mine.Text("items.0.reviewId") != ids[1] || mine.Text("items.0.at") == "" {
		t.Errorf("%s", mine.Raw)
	}
	vote(204, "customer", "DELETE", ids[1])
	vote(404, "customer", "DELETE", ids[1])
	vote(204, "other_customer", "DELETE", ids[1])
	w.Restart()
	order(ids[2], max(ids[0], ids[1]), min(ids[0], ids[1]))
	if r := w.Want(t, 200, "", "GET", path+"?sort=helpful", nil); r.At("items.0.helpful") != 1.0 || r.At("items.1.helpful") != 0.0 {
		t.Errorf("%s", r.Raw)
	}
	if got := w.Want(t, 200, "customer", "GET", path+"/votes", nil).List("items"); len(got) != 0 {
		t.Errorf("%v", got)
	}
}
