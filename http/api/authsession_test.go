package api_test

import (
	"strings"
	"testing"
)

// login answers the tokens of a new session of a user of the world, known as name.
func (w *world) login(t *testing.T, name, user string) (refresh string) {
	t.Helper()
	r := w.want(t, 200, "", "POST", "/api/auth/login", map[string]any{"email": user + "@demo.test", "password": password})
	w.tokens[name] = r.text("accessToken")
	return r.text("refreshToken")
}

func (w *world) refresh(t *testing.T, status int, token string) *reply {
	t.Helper()
	return w.want(t, status, "", "POST", "/api/auth/refresh-token", map[string]any{"refreshToken": token})
}

// TestRefreshTokens: each is good once; using one again ends its session alone, and its access tokens.
func TestRefreshTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.login(t, "phone", "customer")
	w.login(t, "desk", "customer")
	r := w.refresh(t, 200, first)
	w.tokens["phone again"] = r.text("accessToken")
	if r.text("refreshToken") == first || r.text("user.email") != "customer@demo.test" {
		t.Errorf("refreshed %s", r.raw)
	}
	for _, as := range []string{"phone", "phone again", "desk"} {
		w.want(t, 200, as, "GET", "/api/auth/profile", nil)
	}
	w.refresh(t, 401, first) // reuse
	for as, want := range map[string]int{"phone": 401, "phone again": 401, "desk": 200} {
		w.want(t, want, as, "GET", "/api/auth/profile", nil)
	}
	w.refresh(t, 401, r.text("refreshToken"))

	second := w.login(t, "tablet", "customer")
	parts := strings.Split(second, ".")
	for name, bad := range map[string]string{
		"words": "let me in", "an access token": w.tokens["desk"], "cut": second[:len(second)-1],
		"another's":    w.users["other_customer"].Id + "." + strings.Join(parts[1:], "."),
		"nobody's":     "0123456789abcdef01234567." + strings.Join(parts[1:], "."),
		"later":        parts[0] + "." + parts[1] + ".2." + parts[3],
		"generation 0": parts[0] + "." + parts[1] + ".0." + parts[3],
	} {
		got := w.call(t, "", "POST", "/api/auth/refresh-token", map[string]any{"refreshToken": bad})
		if got.status != 401 && (name != "an access token" || got.status != 400) { // 400: longer than any of ours
			t.Errorf("%s: %d %s", name, got.status, got.raw)
		}
	}
	w.refresh(t, 200, second) // none of them ended it
	w.tokens["refresh"] = second
	w.want(t, 401, "refresh", "GET", "/api/auth/profile", nil)
}

// TestLogout: answered means withdrawn; of this session, of another, of all.
func TestLogout(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	refresh := w.login(t, "one", "customer")
	w.login(t, "two", "customer")
	w.login(t, "three", "customer")
	w.login(t, "stranger", "other_customer")

	w.want(t, 204, "one", "POST", "/api/auth/logout", nil)
	w.want(t, 401, "one", "GET", "/api/auth/profile", nil)
	w.refresh(t, 401, refresh)

	list := w.want(t, 200, "two", "GET", "/api/auth/sessions", nil)
	if n := len(list.list("items")); n != 2 || list.at("items.1.current") != true || strings.Contains(string(list.raw), "hash") {
		t.Fatalf("sessions %s", list.raw)
	}
	path := "/api/auth/sessions/" + list.text("items.0.id")
	foreign := w.want(t, 404, "stranger", "DELETE", path, nil)
	absent := w.want(t, 404, "stranger", "DELETE", "/api/auth/sessions/0123", nil)
	if foreign.text("code") != absent.text("code") || foreign.text("detail") != absent.text("detail") {
		t.Errorf("%s differs from %s", foreign.raw, absent.raw)
	}
	w.want(t, 200, "three", "GET", "/api/auth/profile", nil)
	w.want(t, 204, "two", "DELETE", path, nil)
	w.want(t, 401, "three", "GET", "/api/auth/profile", nil)

	w.login(t, "four", "customer")
	w.want(t, 204, "two", "POST", "/api/auth/logout?all=true", nil)
	for _, as := range []string{"two", "four"} {
		w.want(t, 401, as, "GET", "/api/products", nil) // public routes refuse it too
	}
	w.want(t, 200, "stranger", "GET", "/api/auth/profile", nil)
	w.login(t, "five", "customer")
	w.want(t, 200, "five", "GET", "/api/auth/profile", nil)
}

// TestChangePassword: the old one is needed and then void; other sessions end, this one goes on.
func TestChangePassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.login(t, "here", "customer")
	elsewhere := w.login(t, "elsewhere", "customer")
	const path, next = "/api/auth/change-password", "quite another long sentence"
	for name, c := range map[string]struct{ current, next, field string }{
		"wrong":  {"not this one", next, "currentPassword"},
		"common": {password, "password123", "newPassword"},
		"short":  {password, "short", "newPassword"},
	} {
		r := w.want(t, 400, "here", "POST", path, map[string]any{"currentPassword": c.current, "newPassword": c.next})
		if got := strings.TrimPrefix(r.text("errors.0.field"), "body."); got != c.field {
			t.Errorf("%s names %q: %s", name, got, r.raw)
		}
	}
	w.want(t, 200, "elsewhere", "GET", "/api/auth/profile", nil)
	w.want(t, 204, "here", "POST", path, map[string]any{"currentPassword": password, "newPassword": next})
	w.want(t, 401, "elsewhere", "GET", "/api/auth/profile", nil)
	w.refresh(t, 401, elsewhere)
	w.want(t, 200, "here", "GET", "/api/auth/profile", nil)
	login := func(status int, with string) {
		w.want(t, status, "", "POST", "/api/auth/login", map[string]any{"email": "customer@demo.test", "password": with})
	}
	login(401, password)
	login(200, next)
}
