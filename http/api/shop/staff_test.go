package shop_test

import (
	"fmt"
	"slices"
	"testing"

	"entrepot"
	"entrepot/events"
	"entrepot/http/api/apitest"
)

// TestStaffIsAssigned: the change holds in the user's very next request: the old
// token is refused, and the refreshed one reaches the new shop and not the old.
func TestStaffIsAssigned(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	a, b := "/api/shops/"+w.ShopA, "/api/shops/"+w.ShopB
	mia, staff := w.Users["shop_manager"].ID, w.Users["shop_staff"].ID
	renew := w.Login(t, "mia", "shop_manager")
	absent := w.Want(t, 404, "other_admin", "POST", "/api/shops/"+entrepot.NewID()+"/staff", map[string]any{"userIds": []string{staff}})
	for as, want := range map[string]int{"other_admin": 404, "shop_manager": 403, "shop_staff": 403, "customer": 403, "": 401} {
		if r := w.Want(t, want, as, "POST", b+"/staff", map[string]any{"userIds": []string{staff}}); want == 404 && r.Text("detail") != absent.Text("detail") {
			t.Errorf("%s differs from %s", r.Raw, absent.Raw)
		}
		w.Want(t, want, as, "DELETE", b+"/staff/"+staff, nil)
	}
	tag := w.Want(t, 200, "company_admin", "GET", b, nil).Header.Get("ETag")
	body := map[string]any{"managerId": mia, "userIds": []string{staff}}
	r := w.Want(t, 200, "company_admin", "POST", b+"/staff", body, "If-Match", tag, "Idempotency-Key", "s1")
	if r.Text("managerId") != mia || !slices.Equal(r.List("staffIds"), []any{staff}) || r.Header.Get("ETag") == tag {
		t.Errorf("assigned %s", r.Raw)
	}
	if again := w.Want(t, 200, "company_admin", "POST", b+"/staff", body, "If-Match", tag, "Idempotency-Key", "s1"); again.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("again: %v", again.Header)
	}
	w.Want(t, 409, "company_admin", "POST", b+"/staff", map[string]any{"remove": []string{staff}}, "If-Match", tag)
	w.Want(t, 401, "mia", "GET", b, nil)
	renew = w.Renewed(t, "mia", renew)
	if v := w.Want(t, 200, "mia", "GET", b, nil); v.Text("managerId") != mia {
		t.Errorf("the manager sees %s", v.Raw)
	}
	if l := w.Want(t, 200, "mia", "GET", "/api/shops", nil); len(l.List("items")) != 2 {
		t.Errorf("the manager lists %s", l.Raw)
	}

	w.Want(t, 204, "company_admin", "DELETE", b+"/staff/"+mia, nil)
	w.Want(t, 401, "mia", "GET", b, nil)
	w.Want(t, 404, "company_admin", "DELETE", b+"/staff/"+mia, nil)
	w.Want(t, 404, "company_admin", "DELETE", b+"/staff/x", nil)
	w.Renewed(t, "mia", renew)
	if v := w.Want(t, 200, "mia", "GET", b, nil); v.Text("managerId") != "" || len(v.List("staffIds")) != 0 {
		t.Errorf("who left sees %s", v.Raw)
	}
	w.Want(t, 200, "mia", "GET", a, nil)

	w.Want(t, 204, "company_admin", "DELETE", b, nil)
	if u := w.Want(t, 200, "company_admin", "GET", "/api/auth/users/"+staff, nil); !slices.Equal(u.List("shopIds"), []any{w.ShopA}) {
		t.Errorf("after the shop's end: %s", u.Raw)
	}
	var told []string
	for _, e := range w.Events() {
		var f events.ShopStaffAssigned
		if e.Type == f.EventType() && e.Decode(&f) == nil {
			told = append(told, fmt.Sprint(len(f.Added), len(f.Removed), f.AssignedBy == w.Users["company_admin"].ID))
		}
	}
	if !slices.Equal(told, []string{"2 0 true", "0 1 true"}) {
		t.Errorf("told %v", told)
	}
}

// TestNobodyElsesStaff: a user of another company is like one that is not, and
// nobody beside is assigned.
func TestNobodyElsesStaff(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	staff, foreign := w.Users["shop_staff"].ID, w.Users["other_admin"].ID
	path := "/api/shops/" + w.ShopB + "/staff"
	nobody := w.Want(t, 404, "company_admin", "POST", path, map[string]any{"userIds": []string{staff, entrepot.NewID()}})
	for name, c := range map[string]struct {
		as     string
		body   map[string]any
		status int
		field  string
	}{
		"another company's":       {"company_admin", map[string]any{"userIds": []string{staff, foreign}}, 404, "userIds[1]"},
		"by the platform's admin": {"super_admin", map[string]any{"userIds": []string{staff, foreign}}, 404, "userIds[1]"},
		"a customer":              {"company_admin", map[string]any{"userIds": []string{staff, w.Users["customer"].ID}}, 404, "userIds[1]"},
		"a foreign manager":       {"company_admin", map[string]any{"userIds": []string{staff}, "managerId": foreign}, 404, "managerId"},
		"staff as the manager":    {"company_admin", map[string]any{"managerId": staff}, 400, "managerId"},
		"an admin":                {"company_admin", map[string]any{"userIds": []string{w.Users["company_admin"].ID}}, 400, "userIds[0]"},
		"who is not there":        {"company_admin", map[string]any{"remove": []string{staff}}, 404, "remove[0]"},
		"no id":                   {"company_admin", map[string]any{"userIds": []string{"bob"}}, 400, "userIds[0]"},
		"nobody":                  {"company_admin", map[string]any{}, 400, "userIds"},
	} {
		r := w.Want(t, c.status, c.as, "POST", path, c.body)
		if r.Text("errors.0.field") != c.field {
			t.Errorf("%s: %s", name, r.Raw)
		}
		if c.field == "userIds[1]" && r.Text("detail") != nobody.Text("detail") {
			t.Errorf("%s: %s differs from %s", name, r.Raw, nobody.Raw)
		}
	}
	if u := w.Want(t, 200, "company_admin", "GET", "/api/auth/users/"+staff, nil); !slices.Equal(u.List("shopIds"), []any{w.ShopA}) {
		t.Errorf("assigned to %s", u.Raw)
	}
	before := len(w.Want(t, 200, "company_admin", "GET", "/api/shops", nil).List("items"))
	r := w.Want(t, 404, "company_admin", "POST", "/api/shops", map[string]any{"name": "New", "staffIds": []string{staff, foreign}})
	if r.Text("errors.0.field") != "staffIds[1]" || len(w.Want(t, 200, "company_admin", "GET", "/api/shops", nil).List("items")) != before {
		t.Errorf("opened %s", r.Raw)
	}
	r = w.Want(t, 201, "company_admin", "POST", "/api/shops", map[string]any{"name": "New", "staffIds": []string{staff}}, "Idempotency-Key", "n1")
	again := w.Want(t, 201, "company_admin", "POST", "/api/shops", map[string]any{"name": "New", "staffIds": []string{staff}}, "Idempotency-Key", "n1")
	if r.Text("id") != again.Text("id") || !slices.Equal(r.List("staffIds"), []any{staff}) {
		t.Errorf("opened %s, then %s", r.Raw, again.Raw)
	}
}
