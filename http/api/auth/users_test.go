package auth_test

import (
	"slices"
	"sync"
	"testing"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/auth/user"
	"entrepot/http/api/apitest"
	"entrepot/http/api/auth"
	"entrepot/http/edge"
)

// TestUserLists: each role sees whom it may, with every filter, and pages lose nobody.
func TestUserLists(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	w.Want(t, 200, "customer", "PUT", "/api/auth/profile", map[string]any{"name": "Zoé Admin"})
	for _, c := range []struct {
		as, query string
		want      []string
	}{
		{"super_admin", "", []string{"Zoé Admin", "company_admin", "other_admin", "other_customer", "shop_manager", "shop_staff", "super_admin"}},
		{"company_admin", "", []string{"company_admin", "shop_manager", "shop_staff"}},
		{"other_admin", "", []string{"other_admin"}},
		{"shop_manager", "", []string{"shop_manager", "shop_staff"}},
		{"super_admin", "role=customer", []string{"Zoé Admin", "other_customer"}},
		{"super_admin", "companyId=" + w.OtherCompany, []string{"other_admin"}},
		{"company_admin", "companyId=" + w.OtherCompany, nil},
		{"company_admin", "shopId=" + w.ShopA, []string{"shop_manager", "shop_staff"}},
		{"company_admin", "shopId=" + w.OtherShop, nil},
		{"company_admin", "isActive=false", nil},
		{"company_admin", "q=SHOP_m", []string{"shop_manager"}},
		{"company_admin", "q=shop_staff@", []string{"shop_staff"}},
		{"super_admin", "q=zo%C3%89", []string{"Zoé Admin"}},
		{"company_admin", "q=customer@", nil},
	} {
		for _, limit := range []string{"limit=1", "limit=100"} {
			var got []string
			path := "/api/auth/users?" + limit + "&" + c.query
			for cursor := ""; ; {
				r := w.Want(t, 200, c.as, "GET", path+cursor, nil)
				got = append(got, r.Names()...)
				if r.Text("nextCursor") == "" {
					break
				}
				cursor = "&cursor=" + r.Text("nextCursor")
			}
			slices.Sort(got)
			if !slices.Equal(got, c.want) {
				t.Errorf("%s ?%s %s: %q", c.as, c.query, limit, got)
			}
		}
	}
	absent := w.Want(t, 404, "other_admin", "GET", "/api/auth/users/"+entrepot.NewID(), nil)
	for as, want := range map[string]int{"super_admin": 200, "company_admin": 200, "shop_manager": 200, "shop_staff": 403, "customer": 403, "other_admin": 404} {
		r := w.Want(t, want, as, "GET", "/api/auth/users/"+w.Users["shop_staff"].ID, nil)
		if want == 404 && (r.Text("detail") != absent.Text("detail") || r.Text("code") != absent.Text("code")) {
			t.Errorf("%s differs from %s", r.Raw, absent.Raw)
		}
	}
}

func TestUsersAreCreated(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	const path = "/api/auth/users"
	body := func(role, company string) map[string]any {
		b := map[string]any{"email": "New." + role + "@Demo.test", "password": apitest.Password, "name": "New", "role": role}
		if company != "" {
			b["companyId"] = company
		}
		return b
	}
	for name, c := range map[string]struct {
		as   string
		body map[string]any
		want int
	}{
		"staff by their admin":       {"company_admin", body("shop_staff", ""), 201},
		"an admin by the super":      {"super_admin", body("company_admin", w.OtherCompany), 201},
		"a super admin by the super": {"super_admin", body("super_admin", ""), 201},
		"a super admin by an admin":  {"company_admin", body("super_admin", ""), 403},
		"a customer by an admin":     {"company_admin", body("customer", ""), 403},
		"for another company":        {"company_admin", body("shop_manager", w.OtherCompany), 400},
		"for no company":             {"super_admin", body("shop_manager", entrepot.NewID()), 400},
		"without its company":        {"super_admin", body("shop_manager", ""), 400},
		"super admin of a company":   {"super_admin", body("super_admin", w.Company), 400},
		"by a manager":               {"shop_manager", body("shop_staff", ""), 403},
		"by a customer":              {"customer", body("customer", ""), 403},
		"of the platform":            {"super_admin", body("system", ""), 400},
	} {
		r := w.Want(t, c.want, c.as, "POST", path, c.body)
		if c.want != 201 {
			continue
		}
		role, _ := c.body["role"].(string)
		if r.Text("email") != "new."+role+"@demo.test" || r.Header.Get("ETag") != `"1"` || r.Header.Get("Location") != path+"/"+r.Text("id") {
			t.Errorf("%s: %s", name, r.Raw)
		}
		w.Want(t, 200, "", "POST", "/api/auth/login", map[string]any{"email": r.Text("email"), "password": apitest.Password})
	}
	extra := body("shop_staff", "")
	extra["shopIds"] = []string{w.ShopA}
	w.Want(t, 400, "company_admin", "POST", path, extra)
	weak := body("shop_staff", "")
	weak["password"] = "password1"
	w.Want(t, 400, "company_admin", "POST", path, weak)
	again := body("shop_staff", "")
	w.Want(t, 409, "company_admin", "POST", path, again)
}

// TestDemotedDisabledErased: each is refused here at once and on another member
// within its next look, and nobody does it to themselves.
func TestDemotedDisabledErased(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	other := edge.NewStanding(edge.StandingConfig{Since: auth.AccessChanges(w.Member)})
	other.Start()
	t.Cleanup(other.Stop)
	elsewhere := edge.Trusted{Keys: w.Keys, Standing: other}
	path := "/api/auth/users/" + w.Users["shop_manager"].ID
	set := func(role string, active bool) map[string]any {
		return map[string]any{"name": "Mia", "role": role, "isActive": active}
	}
	refused := func(as string) {
		t.Helper()
		w.Want(t, 401, as, "GET", "/api/auth/profile", nil)
		apitest.Eventually(t, "the other member refuses it", func() bool { _, err := elsewhere.Verify(w.Tokens[as]); return err != nil })
	}
	renew := w.Login(t, "mia", "shop_manager")
	apitest.Eventually(t, "the other member is ready", func() bool { return other.Ready() == nil })
	if _, err := elsewhere.Verify(w.Tokens["mia"]); err != nil {
		t.Fatal(err)
	}
	tag := w.Want(t, 200, "company_admin", "GET", path, nil).Header.Get("ETag")
	r := w.Want(t, 200, "company_admin", "PUT", path, set("shop_staff", true), "If-Match", tag)
	if r.Text("role") != "shop_staff" || r.Header.Get("ETag") == tag {
		t.Errorf("demoted to %s", r.Raw)
	}
	w.Want(t, 409, "company_admin", "PUT", path, set("shop_manager", true), "If-Match", tag)
	refused("mia")
	fresh := w.Refresh(t, 200, renew)
	if fresh.Text("user.role") != "shop_staff" {
		t.Errorf("refreshed %s", fresh.Raw)
	}
	w.Tokens["mia again"] = fresh.Text("accessToken")
	w.Want(t, 403, "mia again", "GET", "/api/auth/users", nil)

	w.Want(t, 200, "super_admin", "PUT", path, set("shop_staff", false))
	refused("mia again")
	w.Refresh(t, 401, fresh.Text("refreshToken"))
	login := map[string]any{"email": "shop_manager@demo.test", "password": apitest.Password}
	w.Want(t, 401, "", "POST", "/api/auth/login", login)
	w.Want(t, 200, "super_admin", "PUT", path, set("shop_staff", true))
	w.Login(t, "mia at last", "shop_manager")

	for as, want := range map[string]int{"other_admin": 404, "shop_staff": 403, "customer": 403, "": 401} {
		w.Want(t, want, as, "DELETE", path, nil)
		w.Want(t, want, as, "PUT", path, set("company_admin", true))
	}
	w.Want(t, 200, "mia at last", "GET", "/api/auth/profile", nil)
	w.Want(t, 204, "company_admin", "DELETE", path, nil)
	refused("mia at last")
	w.Want(t, 401, "", "POST", "/api/auth/login", login)
	w.Want(t, 404, "super_admin", "GET", path, nil)
	w.Want(t, 404, "company_admin", "DELETE", path, nil)
	if got := w.Want(t, 200, "company_admin", "GET", "/api/auth/users", nil).Names(); !slices.Equal(got, []string{"company_admin", "shop_staff"}) {
		t.Errorf("left %q", got)
	}
	own := "/api/auth/users/" + w.Users["super_admin"].ID
	w.Want(t, 403, "super_admin", "DELETE", own, nil)
	w.Want(t, 403, "super_admin", "PUT", own, map[string]any{"name": "I", "role": "super_admin", "isActive": false})
	w.Want(t, 403, "super_admin", "PUT", own, map[string]any{"name": "I", "role": "customer", "isActive": true})
	w.Tell(t, user.Name, entrepot.NewID(), user.Register{Email: "shop_manager@demo.test", Name: "Heir", PasswordHash: "x", Role: "customer"})
}

// TestASuperAdminIsLeft: however super admins remove each other at the same time,
// one of them stays; one after the other they go.
func TestASuperAdminIsLeft(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	path := func(name string) string { return "/api/auth/users/" + w.Users[name].ID }
	off := map[string]any{"name": "Root", "role": "super_admin", "isActive": false}
	names := []string{"super_admin", "super_b", "super_c"}
	for _, name := range names[1:] {
		w.User(t, "x", name, entrepot.SuperAdmin, "")
	}
	var wg sync.WaitGroup
	for i, name := range names { // each removes the next, in a circle
		next := names[(i+1)%len(names)]
		for _, method := range []string{"PUT", "DELETE"} {
			wg.Go(func() {
				body := any(off)
				if method == "DELETE" {
					body = nil
				}
				if r := w.Call(t, name, method, path(next), body); !slices.Contains([]int{200, 204, 403, 404, 409}, r.Status) {
					t.Errorf("%s %s as %s: %d %s", method, next, name, r.Status, r.Raw)
				}
			})
		}
	}
	wg.Wait()
	var left []string
	for _, name := range names {
		u, err := grains.Ask(w.Platform(), w.Member, user.Of(w.Users[name].ID), user.Get{})
		if err == nil && u.IsActive && u.Role == "super_admin" {
			left = append(left, name)
		}
	}
	if len(left) == 0 {
		t.Fatal("nobody is left")
	}

	w2 := apitest.New(t)
	w2.User(t, "x", "super_b", entrepot.SuperAdmin, "")
	victim := "/api/auth/users/" + w2.Users["super_b"].ID
	w2.Want(t, 200, "super_admin", "PUT", victim, off)
	w2.Want(t, 403, "super_b", "PUT", "/api/auth/users/"+w2.Users["super_admin"].ID, off) // its token has no session that could be withdrawn
	w2.Want(t, 204, "super_admin", "DELETE", victim, nil)
}
