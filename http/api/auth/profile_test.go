package auth_test

import (
	"testing"

	"entrepot/http/api/apitest"
)

// TestProfile: a change is made from the version that was read, or from none.
func TestProfile(t *testing.T) {
	w := apitest.New(t)
	read := w.Want(t, 200, "customer", "GET", "/api/auth/profile", nil)
	tag := read.Header.Get("ETag")
	if tag == "" {
		t.Fatal("no ETag")
	}
	const path = "/api/auth/profile"
	body := map[string]any{"name": "Ada", "phone": "+43 1 2345", "locale": "de-AT"}
	changed := w.Want(t, 200, "customer", "PUT", path, body, "If-Match", tag)
	if changed.Text("name") != "Ada" || changed.Text("phone") != "+43 1 2345" || changed.Text("locale") != "de-AT" || changed.Header.Get("ETag") == tag {
		t.Errorf("changed to %s, %s", changed.Raw, changed.Header.Get("ETag"))
	}
	stale := w.Want(t, 409, "customer", "PUT", path, map[string]any{"name": "Eve"}, "If-Match", tag)
	if stale.Text("code") != "stale" || stale.Text("errors.0.field") != "If-Match" {
		t.Errorf("stale: %s", stale.Raw)
	}
	if again := w.Want(t, 200, "customer", "GET", path, nil); again.Text("name") != "Ada" {
		t.Errorf("a stale change was made: %s", again.Raw)
	}
	for name, c := range map[string]struct {
		body  any
		match string
		field string
	}{
		"no name":   {map[string]any{"name": ""}, "", "body.name"},
		"role":      {map[string]any{"name": "Ada", "role": "super_admin"}, "", "body.role"},
		"phone":     {map[string]any{"name": "Ada", "phone": "call me"}, "", "body.phone"},
		"bad match": {map[string]any{"name": "Ada"}, "7", "If-Match"},
	} {
		r := w.Want(t, 400, "customer", "PUT", path, c.body, "If-Match", c.match)
		if got := r.Text("errors.0.field"); got != c.field && "body."+got != c.field {
			t.Errorf("%s: names %q: %s", name, got, r.Raw)
		}
	}
}
