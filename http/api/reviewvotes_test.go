package api_test

import (
	"testing"

	"entrepot/actors/ecommerce"
)

// TestHelpfulVotes: of approved reviews, one a customer, taken back, counted, and
// what is found helpful most comes first.
func TestHelpfulVotes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := "/api/products/" + w.mug + "/reviews"
	var ids []string
	for n := range 3 {
		as := w.customer(t, n, "Ada")
		w.bought(t, as, w.mug, w.shopA)
		ids = append(ids, w.want(t, 201, as, "POST", path, map[string]any{"stars": 5}).text("id"))
	}
	vote := func(status int, as, method, id string) {
		t.Helper()
		w.want(t, status, as, method, "/api/products/reviews/"+id+"/helpful", nil)
	}
	order := func(want ...string) {
		t.Helper()
		w.deliver(t, ecommerce.Votes(w.Store, w))
		r := w.want(t, 200, "", "GET", path+"?sort=helpful", nil)
		for i, n := range []string{"items.0.id", "items.1.id", "items.2.id"} {
			if r.text(n) != want[i] {
				t.Errorf("%s", r.raw)
			}
		}
		first := w.want(t, 200, "", "GET", path+"?sort=helpful&limit=1", nil)
		next := w.want(t, 200, "", "GET", path+"?sort=helpful&limit=1&cursor="+first.text("nextCursor"), nil)
		if first.text("items.0.id") != want[0] || next.text("items.0.id") != want[1] {
			t.Errorf("by pages: %s %s", first.raw, next.raw)
		}
	}
	vote(404, "customer", "PUT", ids[0]) // it waits for its approval
	for _, id := range ids {
		w.want(t, 200, "company_admin", "POST", "/api/products/reviews/"+id+"/approve", nil)
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
	mine := w.want(t, 200, "customer", "GET", path+"/votes", nil)
	if len(mine.list("items")) != 1 || mine.text("items.0.reviewId") != ids[1] || mine.text("items.0.at") == "" {
		t.Errorf("%s", mine.raw)
	}
	vote(204, "customer", "DELETE", ids[1])
	vote(404, "customer", "DELETE", ids[1])
	vote(204, "other_customer", "DELETE", ids[1])
	w.Restart()
	order(ids[2], max(ids[0], ids[1]), min(ids[0], ids[1]))
	if r := w.want(t, 200, "", "GET", path+"?sort=helpful", nil); r.at("items.0.helpful") != 1.0 || r.at("items.1.helpful") != 0.0 {
		t.Errorf("%s", r.raw)
	}
	if got := w.want(t, 200, "customer", "GET", path+"/votes", nil).list("items"); len(got) != 0 {
		t.Errorf("%v", got)
	}
}
