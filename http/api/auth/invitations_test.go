package auth_test

import (
	"testing"

	"entrepot"
	"entrepot/http/api/apitest"
)

func TestInvitations(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
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
		"an admin of another company": {"company_admin", body("x@demo.test", "shop_staff", w.OtherCompany), 400},
		"a super admin, by an admin":  {"company_admin", body("x@demo.test", "super_admin", ""), 403},
		"a customer":                  {"super_admin", body("x@demo.test", "customer", ""), 400},
		"somebody who is there":       {"company_admin", body("Customer@demo.test", "shop_staff", ""), 409},
		"by a manager":                {"shop_manager", body("x@demo.test", "shop_staff", ""), 403},
		"by nobody":                   {"", body("x@demo.test", "shop_staff", ""), 401},
		"no company":                  {"super_admin", body("x@demo.test", "shop_staff", entrepot.NewID()), 400},
	} {
		if r := w.Call(t, c.as, "POST", path, c.body); r.Status != c.want {
			t.Errorf("%s: %d %s", name, r.Status, r.Raw)
		}
	}
	r := w.Want(t, 201, "company_admin", "POST", path, body("Bob@demo.test", "shop_manager", ""))
	if r.Text("status") != "pending" || r.Text("companyId") != w.Company || r.Header.Get("Location") != path+"/"+r.Text("id") {
		t.Errorf("invited %s", r.Raw)
	}
	root := w.Want(t, 201, "super_admin", "POST", path, body("root@demo.test", "super_admin", ""))
	w.Want(t, 201, "super_admin", "POST", path, body("eve@demo.test", "company_admin", w.OtherCompany))

	token := w.MailTo(t, "bob@demo.test", "invitation")
	w.Hides(t, token)
	for as, n := range map[string]int{"super_admin": 3, "company_admin": 1, "other_admin": 1} {
		if got := len(w.Want(t, 200, as, "GET", path+"?status=pending", nil).List("items")); got != n {
			t.Errorf("%s sees %d", as, got)
		}
	}
	foreign := w.Want(t, 404, "other_admin", "DELETE", path+"/"+r.Text("id"), nil)
	absent := w.Want(t, 404, "other_admin", "DELETE", path+"/"+entrepot.NewID(), nil)
	if foreign.Text("detail") != absent.Text("detail") {
		t.Errorf("%s differs from %s", foreign.Raw, absent.Raw)
	}

	answer := func(token, password string) map[string]any {
		return map[string]any{"token": token, "name": "Bob", "password": password}
	}
	w.Want(t, 401, "", "POST", "/api/auth/login", map[string]any{"email": "bob@demo.test", "password": apitest.Password})
	w.Want(t, 400, "", "POST", accept, answer(token, "password1"))
	w.Want(t, 400, "", "POST", accept, answer(entrepot.NewID()+token[24:], apitest.Password))
	w.Want(t, 400, "", "POST", accept, answer(w.Users["customer"].ID+token[24:], apitest.Password))
	w.Want(t, 400, "", "POST", accept, map[string]any{"token": token, "name": "Bob", "password": apitest.Password, "role": "super_admin"})
	bob := w.Want(t, 201, "", "POST", accept, answer(token, apitest.Password))
	if bob.Text("role") != "shop_manager" || bob.Text("companyId") != w.Company || bob.At("emailVerified") != true || bob.Header.Get("Location") != "/api/auth/profile" {
		t.Errorf("accepted %s", bob.Raw)
	}
	w.Want(t, 400, "", "POST", accept, answer(token, apitest.Password))
	w.Login(t, "bob", "bob")
	w.Want(t, 409, "company_admin", "DELETE", path+"/"+r.Text("id"), nil)

	void := w.MailTo(t, "root@demo.test", "invitation")
	w.Want(t, 404, "company_admin", "DELETE", path+"/"+root.Text("id"), nil)
	w.Want(t, 204, "super_admin", "DELETE", path+"/"+root.Text("id"), nil)
	w.Want(t, 204, "super_admin", "DELETE", path+"/"+root.Text("id"), nil)
	w.Want(t, 400, "", "POST", accept, answer(void, apitest.Password))
	w.Hides(t, token)
}
