package auth_test

import (
	"strings"
	"testing"

	"entrepot/http/api/apitest"
)

func TestLogin(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	r := w.Want(t, 200, "", "POST", "/api/auth/login", map[string]any{"email": " Customer@demo.test", "password": apitest.Password})
	if r.Text("tokenType") != "Bearer" || r.At("expiresIn") != 900.0 || r.Text("user.role") != "customer" {
		t.Errorf("login answered %s", r.Raw)
	}
	w.Tokens["fresh"] = r.Text("accessToken")
	v := w.Want(t, 200, "fresh", "GET", "/api/auth/verify", nil)
	if v.At("valid") != true || v.Text("email") != "customer@demo.test" {
		t.Errorf("verify answered %s", v.Raw)
	}
	p := w.Want(t, 200, "fresh", "GET", "/api/auth/profile", nil)
	if p.Text("lastLoginAt") == "" || strings.Contains(string(p.Raw), "assword") {
		t.Errorf("profile answered %s", p.Raw)
	}
	w.Want(t, 204, "fresh", "POST", "/api/auth/logout", nil)

	wrong := w.Want(t, 401, "", "POST", "/api/auth/login", map[string]any{"email": "customer@demo.test", "password": "no"})
	unknown := w.Want(t, 401, "", "POST", "/api/auth/login", map[string]any{"email": "nobody@demo.test", "password": "no"})
	if wrong.Text("detail") != unknown.Text("detail") {
		t.Errorf("an unknown account is told apart: %q, %q", wrong.Raw, unknown.Raw)
	}
	// A stale token does not keep anyone from logging in.
	w.Tokens["stale"] = "forged"
	w.Want(t, 200, "stale", "POST", "/api/auth/login", map[string]any{"email": "customer@demo.test", "password": apitest.Password})
}

func TestWrongLoginsAreThrottled(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	bad := map[string]any{"email": "customer@demo.test", "password": "wrong"}
	for range 10 {
		w.Want(t, 401, "", "POST", "/api/auth/login", bad)
	}
	r := w.Want(t, 429, "", "POST", "/api/auth/login", map[string]any{"email": "customer@demo.test", "password": apitest.Password})
	if r.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	for range 20 { // right logins cost nothing
		w.Want(t, 200, "", "POST", "/api/auth/login", map[string]any{"email": "other_customer@demo.test", "password": apitest.Password})
	}
}

func TestRegister(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	body := map[string]any{"email": "New@Demo.test", "password": "correct horse battery", "name": "New"}
	r := w.Want(t, 201, "", "POST", "/api/auth/register", body)
	if r.Text("role") != "customer" || r.Text("email") != "new@demo.test" || r.Header.Get("Location") != "/api/auth/profile" {
		t.Errorf("register answered %s, %v", r.Raw, r.Header)
	}
	w.Want(t, 200, "", "POST", "/api/auth/login", map[string]any{"email": "new@demo.test", "password": "correct horse battery"})
	if d := w.Want(t, 409, "", "POST", "/api/auth/register", body); d.Text("code") != "conflict" {
		t.Errorf("a second account answered %s", d.Raw)
	}
	for _, weak := range []string{"password123", "aaaaaaaa", "12345678", "short", "new@demo.test"} {
		body["password"] = weak
		if r := w.Want(t, 400, "", "POST", "/api/auth/register", body); r.Text("errors.0.field") != "password" {
			t.Errorf("%q answered %s", weak, r.Raw)
		}
	}
}
