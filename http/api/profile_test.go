package api_test

import "testing"

// TestProfile: a change is made from the version that was read, or from none.
func TestProfile(t *testing.T) {
	w := newWorld(t)
	read := w.want(t, 200, "customer", "GET", "/api/auth/profile", nil)
	tag := read.header.Get("ETag")
	if tag == "" {
		t.Fatal("no ETag")
	}
	const path = "/api/auth/profile"
	body := map[string]any{"name": "Ada", "phone": "+43 1 2345", "locale": "de-AT"}
	changed := w.want(t, 200, "customer", "PUT", path, body, "If-Match", tag)
	if changed.text("name") != "Ada" || changed.text("phone") != "+43 1 2345" || changed.text("locale") != "de-AT" || changed.header.Get("ETag") == tag {
		t.Errorf("changed to %s, %s", changed.raw, changed.header.Get("ETag"))
	}
	stale := w.want(t, 409, "customer", "PUT", path, map[string]any{"name": "Eve"}, "If-Match", tag)
	if stale.text("code") != "stale" || stale.text("errors.0.field") != "If-Match" {
		t.Errorf("stale: %s", stale.raw)
	}
	if again := w.want(t, 200, "customer", "GET", path, nil); again.text("name") != "Ada" {
		t.Errorf("a stale change was made: %s", again.raw)
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
		r := w.want(t, 400, "customer", "PUT", path, c.body, "If-Match", c.match)
		if got := r.text("errors.0.field"); got != c.field && "body."+got != c.field {
			t.Errorf("%s: names %q: %s", name, got, r.raw)
		}
	}
}
