package auth_test

import (
	"strings"
	"testing"

	"entrepot/http/api/apitest"
)

// TestRefreshTokens: each is good once; using one again ends its session alone, and its access tokens.
func TestRefreshTokens(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	first := w.Login(t, "phone", "customer")
	w.Login(t, "desk", "customer")
	r := w.Refresh(t, 200, first)
	w.Tokens["phone again"] = r.Text("accessToken")
	if r.Text("refreshToken") == first || r.Text("user.email") != "customer@demo.test" {
		t.Errorf("refreshed %s", r.Raw)
	}
	for _, as := range []string{"phone", "phone again", "desk"} {
		w.Want(t, 200, as, "GET", "/api/auth/profile", nil)
	}
	w.Refresh(t, 401, first) // reuse
	for as, want := range map[string]int{"phone": 401, "phone again": 401, "desk": 200} {
		w.Want(t, want, as, "GET", "/api/auth/profile", nil)
	}
	w.Refresh(t, 401, r.Text("refreshToken"))

	second := w.Login(t, "tablet", "customer")
	parts := strings.Split(second, ".")
	for name, bad := range map[string]string{
		"words": "let me in", "an access token": w.Tokens["desk"], "cut": second[:len(second)-1],
		"another's":    w.Users["other_customer"].ID + "." + strings.Join(parts[1:], "."),
		"nobody's":     "0123456789abcdef01234567." + strings.Join(parts[1:], "."),
		"later":        parts[0] + "." + parts[1] + ".2." + parts[3],
		"generation 0": parts[0] + "." + parts[1] + ".0." + parts[3],
	} {
		got := w.Call(t, "", "POST", "/api/auth/refresh-token", map[string]any{"refreshToken": bad})
		if got.Status != 401 && (name != "an access token" || got.Status != 400) { // 400: longer than any of ours
			t.Errorf("%s: %d %s", name, got.Status, got.Raw)
		}
	}
	w.Refresh(t, 200, second) // none of them ended it
	w.Tokens["refresh"] = second
	w.Want(t, 401, "refresh", "GET", "/api/auth/profile", nil)
}

// TestLogout: answered means withdrawn; of this session, of another, of all.
func TestLogout(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	refresh := w.Login(t, "one", "customer")
	w.Login(t, "two", "customer")
	w.Login(t, "three", "customer")
	w.Login(t, "stranger", "other_customer")

	w.Want(t, 204, "one", "POST", "/api/auth/logout", nil)
	w.Want(t, 401, "one", "GET", "/api/auth/profile", nil)
	w.Refresh(t, 401, refresh)

	list := w.Want(t, 200, "two", "GET", "/api/auth/sessions", nil)
	if n := len(list.List("items")); n != 2 || list.At("items.1.current") != true || strings.Contains(string(list.Raw), "hash") {
		t.Fatalf("sessions %s", list.Raw)
	}
	path := "/api/auth/sessions/" + list.Text("items.0.id")
	foreign := w.Want(t, 404, "stranger", "DELETE", path, nil)
	absent := w.Want(t, 404, "stranger", "DELETE", "/api/auth/sessions/0123", nil)
	if foreign.Text("code") != absent.Text("code") || foreign.Text("detail") != absent.Text("detail") {
		t.Errorf("%s differs from %s", foreign.Raw, absent.Raw)
	}
	w.Want(t, 200, "three", "GET", "/api/auth/profile", nil)
	w.Want(t, 204, "two", "DELETE", path, nil)
	w.Want(t, 401, "three", "GET", "/api/auth/profile", nil)

	w.Login(t, "four", "customer")
	w.Want(t, 204, "two", "POST", "/api/auth/logout?all=true", nil)
	for _, as := range []string{"two", "four"} {
		w.Want(t, 401, as, "GET", "/api/products", nil) // public routes refuse it too
	}
	w.Want(t, 200, "stranger", "GET", "/api/auth/profile", nil)
	w.Login(t, "five", "customer")
	w.Want(t, 200, "five", "GET", "/api/auth/profile", nil)
}

// TestChangePassword: the old one is needed and then void; other sessions end, this one goes on.
func TestChangePassword(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	w.Login(t, "here", "customer")
	elsewhere := w.Login(t, "elsewhere", "customer")
	const path, next = "/api/auth/change-password", "quite another long sentence"
	for name, c := range map[string]struct{ current, next, field string }{
		"wrong":  {"not this one", next, "currentPassword"},
		"common": {apitest.Password, "password123", "newPassword"},
		"short":  {apitest.Password, "short", "newPassword"},
	} {
		r := w.Want(t, 400, "here", "POST", path, map[string]any{"currentPassword": c.current, "newPassword": c.next})
		if got := strings.TrimPrefix(r.Text("errors.0.field"), "body."); got != c.field {
			t.Errorf("%s names %q: %s", name, got, r.Raw)
		}
	}
	w.Want(t, 200, "elsewhere", "GET", "/api/auth/profile", nil)
	w.Want(t, 204, "here", "POST", path, map[string]any{"currentPassword": apitest.Password, "newPassword": next})
	w.Want(t, 401, "elsewhere", "GET", "/api/auth/profile", nil)
	w.Refresh(t, 401, elsewhere)
	w.Want(t, 200, "here", "GET", "/api/auth/profile", nil)
	login := func(status int, with string) {
		w.Want(t, status, "", "POST", "/api/auth/login", map[string]any{"email": "customer@demo.test", "password": with})
	}
	login(401, apitest.Password)
	login(200, next)
}
