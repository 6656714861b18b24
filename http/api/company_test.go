package api_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var subscription = func(plan, status string) map[string]any { return map[string]any{"plan": plan, "status": status} }

// TestCompanyLife: made, changed from the version that was read, suspended,
// closed and restored, each seen by its people at once.
func TestCompanyLife(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := "/api/companies/" + w.company
	read := w.want(t, 200, "company_admin", "GET", path, nil)
	tag := read.header.Get("ETag")
	profile := map[string]any{
		"name": "Acme & Sons", "logo": "https://acme.example/logo.png", "contactInfo": map[string]any{"phone": "+49 40 1", "website": "https://acme.example"},
		"address": map[string]any{"city": "Hamburg", "country": "DE"}, "branding": map[string]any{"primaryColor": "#0b3d2e"},
	}
	changed := w.want(t, 200, "company_admin", "PUT", path, profile, "If-Match", tag)
	if changed.text("name") != "Acme & Sons" || changed.text("address.country") != "DE" || changed.text("contactInfo.phone") != "+49 40 1" || changed.header.Get("ETag") == tag {
		t.Fatalf("%s", changed.raw)
	}
	if r := w.want(t, 409, "company_admin", "PUT", path, profile, "If-Match", tag); r.text("code") != "stale" {
		t.Fatalf("from the version before: %s", r.raw)
	}
	if r := w.want(t, 200, "company_admin", "PATCH", path+"/settings", map[string]any{"taxRate": 7, "timezone": "Europe/Berlin"}); r.at("settings.taxRate") != 7.0 || r.text("settings.currency") != "EUR" {
		t.Fatalf("%s", r.raw)
	}
	for field, body := range map[string]map[string]any{
		"timezone": {"timezone": "Mars/Olympus"}, "taxRate": {"taxRate": 101}, "currency": {"currency": "USD"},
	} {
		if r := w.want(t, 400, "company_admin", "PATCH", path+"/settings", body); !names(r, field) {
			t.Errorf("%s: %s", field, r.raw)
		}
	}
	w.want(t, 403, "company_admin", "PUT", path+"/subscription", subscription("business", "active"))
	w.want(t, 404, "other_admin", "PUT", path, profile)
	w.want(t, 403, "company_admin", "PUT", path, map[string]any{"name": "x", "slug": "mine"})
	if r := w.want(t, 409, "super_admin", "PUT", path, map[string]any{"name": "x", "slug": "other"}); !names(r, "slug") {
		t.Errorf("another's slug: %s", r.raw)
	}

	w.want(t, 200, "super_admin", "PUT", path+"/subscription", subscription("business", "suspended"))
	if r := w.want(t, 403, "company_admin", "PUT", path, profile); r.text("code") != "company_suspended" {
		t.Fatalf("suspended: %s", r.raw)
	}
	w.want(t, 200, "company_admin", "GET", "/api/orders", nil)
	w.want(t, 200, "", "GET", "/api/companies/by-slug/acme", nil)

	if r := w.want(t, 200, "super_admin", "DELETE", path, nil); r.at("isActive") != false || r.text("erasedAt") == "" {
		t.Fatalf("%s", r.raw)
	}
	w.want(t, 403, "company_admin", "GET", "/api/orders", nil)
	w.want(t, 404, "", "GET", "/api/companies/by-slug/acme", nil)
	w.want(t, 409, "super_admin", "PUT", path+"/subscription", subscription("business", "active"))
	w.want(t, 200, "super_admin", "POST", path+"/restore", nil)
	w.want(t, 200, "super_admin", "PUT", path+"/subscription", subscription("business", "active"))
	w.want(t, 200, "company_admin", "PUT", path, profile)
	if r := w.want(t, 200, "", "GET", "/api/companies/by-slug/acme", nil); r.text("name") != "Acme & Sons" || r.at("subscription") != nil || r.at("ownerId") != nil {
		t.Fatalf("to everybody: %s", r.raw)
	}
}

// TestPlanLimitsAreExact: however many are made at a time.
func TestPlanLimitsAreExact(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.want(t, 201, "super_admin", "POST", "/api/companies", map[string]any{
		"name": "Tiny", "slug": "tiny", "settings": map[string]any{"currency": "EUR"}, "subscription": map[string]any{"plan": "free"},
	})
	hire := func(i int) *reply {
		email := fmt.Sprintf("staff%d@demo.test", i)
		for {
			r := w.call(t, "super_admin", "POST", "/api/auth/users", map[string]any{
				"email": email, "password": "a long sentence", "name": "Staff", "role": "shop_staff", "companyId": c.text("id"),
			})
			if r.status != 503 { // too many hashes at a time
				return r
			}
		}
	}
	var made atomic.Int64
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			switch r := hire(i); {
			case r.status == 201:
				made.Add(1)
			case r.status == 403 && r.text("code") == "plan_limit" && names(r, "subscription.plan"):
			default:
				t.Errorf("%d %s", r.status, r.raw)
			}
		})
	}
	wg.Wait()
	if made.Load() != 3 {
		t.Fatalf("%d were made of 3", made.Load())
	}
	list := w.want(t, 200, "super_admin", "GET", "/api/auth/users?companyId="+c.text("id"), nil)
	first, _ := list.list("items")[0].(map[string]any)
	w.want(t, 204, "super_admin", "DELETE", "/api/auth/users/"+first["id"].(string), nil)
	if r := hire(100); r.status != 201 {
		t.Fatalf("for one who left: %d %s", r.status, r.raw)
	}
	if r := hire(101); r.status != 403 {
		t.Fatalf("one too many: %d", r.status)
	}
	w.want(t, 200, "super_admin", "PUT", "/api/companies/"+c.text("id")+"/subscription", subscription("starter", "active"))
	if r := hire(102); r.status != 201 {
		t.Fatalf("in a larger plan: %d %s", r.status, r.raw)
	}
}

// TestSubscriptionInput: what makes no sense is refused by name.
func TestSubscriptionInput(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := "/api/companies/" + w.company + "/subscription"
	past := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
	for field, body := range map[string]map[string]any{
		"plan": subscription("gold", "active"), "status": subscription("free", "happy"),
		"subscription.expiresAt": {"plan": "free", "status": "trial"},
		"expiresAt":              {"plan": "free", "status": "active", "expiresAt": "tomorrow"},
	} {
		if r := w.want(t, 400, "super_admin", "PUT", path, body); !names(r, field) {
			t.Errorf("%s: %s", field, r.raw)
		}
	}
	if r := w.want(t, 400, "super_admin", "PUT", path, map[string]any{"plan": "free", "status": "active", "expiresAt": past}); !names(r, "subscription.expiresAt") {
		t.Errorf("%s", r.raw)
	}
}

// TestShopsWithinThePlan: a deleted shop makes room for another.
func TestShopsWithinThePlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.want(t, 201, "super_admin", "POST", "/api/companies", map[string]any{
		"name": "Tiny", "slug": "tiny", "settings": map[string]any{"currency": "EUR"},
	})
	body := func(name string) map[string]any { return map[string]any{"companyId": c.text("id"), "name": name} }
	first := w.want(t, 201, "super_admin", "POST", "/api/shops", body("one"), "Idempotency-Key", "k")
	if again := w.want(t, 201, "super_admin", "POST", "/api/shops", body("one"), "Idempotency-Key", "k"); again.text("id") != first.text("id") {
		t.Fatalf("%s", again.raw)
	}
	if r := w.want(t, 403, "super_admin", "POST", "/api/shops", body("two")); r.text("code") != "plan_limit" {
		t.Fatalf("%s", r.raw)
	}
	w.want(t, 204, "super_admin", "DELETE", "/api/shops/"+first.text("id"), nil)
	w.want(t, 201, "super_admin", "POST", "/api/shops", body("two"))
}
