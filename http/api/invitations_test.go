package api_test

import (
	"testing"

	"entrepot"
)

func TestInvitations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const path, accept = "/api/auth/invitations", "/api/auth/invitations/accept"
	body := func(email, role, company string) map[string]any {
		b := map[string]any{"email": email, "role": role}
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
		"an admin of another company": {"company_admin", body("x@demo.test", "shop_staff", w.otherCompany), 400},
		"a super admin, by an admin":  {"company_admin", body("x@demo.test", "super_admin", ""), 403},
		"a customer":                  {"super_admin", body("x@demo.test", "customer", ""), 400},
		"somebody who is there":       {"company_admin", body("Customer@demo.test", "shop_staff", ""), 409},
		"by a manager":                {"shop_manager", body("x@demo.test", "shop_staff", ""), 403},
		"by nobody":                   {"", body("x@demo.test", "shop_staff", ""), 401},
		"no company":                  {"super_admin", body("x@demo.test", "shop_staff", entrepot.NewID()), 400},
	} {
		if r := w.call(t, c.as, "POST", path, c.body); r.status != c.want {
			t.Errorf("%s: %d %s", name, r.status, r.raw)
		}
	}
	r := w.want(t, 201, "company_admin", "POST", path, body("Bob@demo.test", "shop_manager", ""))
	if r.text("status") != "pending" || r.text("companyId") != w.company || r.header.Get("Location") != path+"/"+r.text("id") {
		t.Errorf("invited %s", r.raw)
	}
	root := w.want(t, 201, "super_admin", "POST", path, body("root@demo.test", "super_admin", ""))
	w.want(t, 201, "super_admin", "POST", path, body("eve@demo.test", "company_admin", w.otherCompany))

	token := w.mailTo(t, "bob@demo.test", "invitation")
	w.hides(t, token)
	for as, n := range map[string]int{"super_admin": 3, "company_admin": 1, "other_admin": 1} {
		if got := len(w.want(t, 200, as, "GET", path+"?status=pending", nil).list("items")); got != n {
			t.Errorf("%s sees %d", as, got)
		}
	}
	foreign := w.want(t, 404, "other_admin", "DELETE", path+"/"+r.text("id"), nil)
	absent := w.want(t, 404, "other_admin", "DELETE", path+"/"+entrepot.NewID(), nil)
	if foreign.text("detail") != absent.text("detail") {
		t.Errorf("%s differs from %s", foreign.raw, absent.raw)
	}

	answer := func(token, password string) map[string]any {
		return map[string]any{"token": token, "name": "Bob", "password": password}
	}
	w.want(t, 401, "", "POST", "/api/auth/login", map[string]any{"email": "bob@demo.test", "password": password})
	w.want(t, 400, "", "POST", accept, answer(token, "password1"))
	w.want(t, 400, "", "POST", accept, answer(entrepot.NewID()+token[24:], password))
	w.want(t, 400, "", "POST", accept, answer(w.users["customer"].Id+token[24:], password))
	w.want(t, 400, "", "POST", accept, map[string]any{"token": token, "name": "Bob", "password": password, "role": "super_admin"})
	bob := w.want(t, 201, "", "POST", accept, answer(token, password))
	if bob.text("role") != "shop_manager" || bob.text("companyId") != w.company || bob.at("emailVerified") != true || bob.header.Get("Location") != "/api/auth/profile" {
		t.Errorf("accepted %s", bob.raw)
	}
	w.want(t, 400, "", "POST", accept, answer(token, password))
	w.login(t, "bob", "bob")
	w.want(t, 409, "company_admin", "DELETE", path+"/"+r.text("id"), nil)

	void := w.mailTo(t, "root@demo.test", "invitation")
	w.want(t, 404, "company_admin", "DELETE", path+"/"+root.text("id"), nil)
	w.want(t, 204, "super_admin", "DELETE", path+"/"+root.text("id"), nil)
	w.want(t, 204, "super_admin", "DELETE", path+"/"+root.text("id"), nil)
	w.want(t, 400, "", "POST", accept, answer(void, password))
	w.hides(t, token)
}
