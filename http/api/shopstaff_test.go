package api_test

import (
	"fmt"
	"slices"
	"testing"

	"entrepot"
	"entrepot/events"
)

// renewed refreshes until the token is good: one made within the millisecond of a
// withdrawal is withdrawn with it.
func (w *world) renewed(t *testing.T, as, token string) (refresh string) {
	t.Helper()
	eventually(t, "a refreshed token is good", func() bool {
		fresh := w.refresh(t, 200, token)
		w.tokens[as], token = fresh.text("accessToken"), fresh.text("refreshToken")
		return w.call(t, as, "GET", "/api/auth/profile", nil).status == 200
	})
	return token
}

// TestStaffIsAssigned: the change holds in the user's very next request: the old
// token is refused, and the refreshed one reaches the new shop and not the old.
func TestStaffIsAssigned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := "/api/shops/"+w.shopA, "/api/shops/"+w.shopB
	mia, staff := w.users["shop_manager"].Id, w.users["shop_staff"].Id
	renew := w.login(t, "mia", "shop_manager")
	absent := w.want(t, 404, "other_admin", "POST", "/api/shops/"+entrepot.NewID()+"/staff", map[string]any{"userIds": []string{staff}})
	for as, want := range map[string]int{"other_admin": 404, "shop_manager": 403, "shop_staff": 403, "customer": 403, "": 401} {
		if r := w.want(t, want, as, "POST", b+"/staff", map[string]any{"userIds": []string{staff}}); want == 404 && r.text("detail") != absent.text("detail") {
			t.Errorf("%s differs from %s", r.raw, absent.raw)
		}
		w.want(t, want, as, "DELETE", b+"/staff/"+staff, nil)
	}
	tag := w.want(t, 200, "company_admin", "GET", b, nil).header.Get("ETag")
	body := map[string]any{"managerId": mia, "userIds": []string{staff}}
	r := w.want(t, 200, "company_admin", "POST", b+"/staff", body, "If-Match", tag, "Idempotency-Key", "s1")
	if r.text("managerId") != mia || !slices.Equal(r.list("staffIds"), []any{staff}) || r.header.Get("ETag") == tag {
		t.Errorf("assigned %s", r.raw)
	}
	if again := w.want(t, 200, "company_admin", "POST", b+"/staff", body, "If-Match", tag, "Idempotency-Key", "s1"); again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("again: %v", again.header)
	}
	w.want(t, 409, "company_admin", "POST", b+"/staff", map[string]any{"remove": []string{staff}}, "If-Match", tag)
	w.want(t, 401, "mia", "GET", b, nil)
	renew = w.renewed(t, "mia", renew)
	if v := w.want(t, 200, "mia", "GET", b, nil); v.text("managerId") != mia {
		t.Errorf("the manager sees %s", v.raw)
	}
	if l := w.want(t, 200, "mia", "GET", "/api/shops", nil); len(l.list("items")) != 2 {
		t.Errorf("the manager lists %s", l.raw)
	}

	w.want(t, 204, "company_admin", "DELETE", b+"/staff/"+mia, nil)
	w.want(t, 401, "mia", "GET", b, nil)
	w.want(t, 404, "company_admin", "DELETE", b+"/staff/"+mia, nil)
	w.want(t, 404, "company_admin", "DELETE", b+"/staff/x", nil)
	w.renewed(t, "mia", renew)
	if v := w.want(t, 200, "mia", "GET", b, nil); v.text("managerId") != "" || len(v.list("staffIds")) != 0 {
		t.Errorf("who left sees %s", v.raw)
	}
	w.want(t, 200, "mia", "GET", a, nil)

	w.want(t, 204, "company_admin", "DELETE", b, nil)
	if u := w.want(t, 200, "company_admin", "GET", "/api/auth/users/"+staff, nil); !slices.Equal(u.list("shopIds"), []any{w.shopA}) {
		t.Errorf("after the shop's end: %s", u.raw)
	}
	var told []string
	for _, e := range w.Events() {
		var f events.ShopStaffAssigned
		if e.Type == f.EventType() && e.Decode(&f) == nil {
			told = append(told, fmt.Sprint(len(f.Added), len(f.Removed), f.AssignedBy == w.users["company_admin"].Id))
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
	w := newWorld(t)
	staff, foreign := w.users["shop_staff"].Id, w.users["other_admin"].Id
	path := "/api/shops/" + w.shopB + "/staff"
	nobody := w.want(t, 404, "company_admin", "POST", path, map[string]any{"userIds": []string{staff, entrepot.NewID()}})
	for name, c := range map[string]struct {
		as     string
		body   map[string]any
		status int
		field  string
	}{
		"another company's":       {"company_admin", map[string]any{"userIds": []string{staff, foreign}}, 404, "userIds[1]"},
		"by the platform's admin": {"super_admin", map[string]any{"userIds": []string{staff, foreign}}, 404, "userIds[1]"},
		"a customer":              {"company_admin", map[string]any{"userIds": []string{staff, w.users["customer"].Id}}, 404, "userIds[1]"},
		"a foreign manager":       {"company_admin", map[string]any{"userIds": []string{staff}, "managerId": foreign}, 404, "managerId"},
		"staff as the manager":    {"company_admin", map[string]any{"managerId": staff}, 400, "managerId"},
		"an admin":                {"company_admin", map[string]any{"userIds": []string{w.users["company_admin"].Id}}, 400, "userIds[0]"},
		"who is not there":        {"company_admin", map[string]any{"remove": []string{staff}}, 404, "remove[0]"},
		"no id":                   {"company_admin", map[string]any{"userIds": []string{"bob"}}, 400, "userIds[0]"},
		"nobody":                  {"company_admin", map[string]any{}, 400, "userIds"},
	} {
		r := w.want(t, c.status, c.as, "POST", path, c.body)
		if r.text("errors.0.field") != c.field {
			t.Errorf("%s: %s", name, r.raw)
		}
		if c.field == "userIds[1]" && r.text("detail") != nobody.text("detail") {
			t.Errorf("%s: %s differs from %s", name, r.raw, nobody.raw)
		}
	}
	if u := w.want(t, 200, "company_admin", "GET", "/api/auth/users/"+staff, nil); !slices.Equal(u.list("shopIds"), []any{w.shopA}) {
		t.Errorf("assigned to %s", u.raw)
	}
	before := len(w.want(t, 200, "company_admin", "GET", "/api/shops", nil).list("items"))
	r := w.want(t, 404, "company_admin", "POST", "/api/shops", map[string]any{"name": "New", "staffIds": []string{staff, foreign}})
	if r.text("errors.0.field") != "staffIds[1]" || len(w.want(t, 200, "company_admin", "GET", "/api/shops", nil).list("items")) != before {
		t.Errorf("opened %s", r.raw)
	}
	r = w.want(t, 201, "company_admin", "POST", "/api/shops", map[string]any{"name": "New", "staffIds": []string{staff}}, "Idempotency-Key", "n1")
	again := w.want(t, 201, "company_admin", "POST", "/api/shops", map[string]any{"name": "New", "staffIds": []string{staff}}, "Idempotency-Key", "n1")
	if r.text("id") != again.text("id") || !slices.Equal(r.list("staffIds"), []any{staff}) {
		t.Errorf("opened %s, then %s", r.raw, again.raw)
	}
}
