package company_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"entrepot/http/api/apitest"
)

// TestCompanyLife: made, changed from the version that was read, suspended,
// closed and restored, each seen by its people at once.
func TestCompanyLife(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	path := "/api/companies/" + w.Company
	read := w.Want(t, 200, "company_admin", "GET", path, nil)
	tag := read.Header.Get("ETag")
	profile := map[string]any{
		"name": "Acme & Sons", "logo": "https://acme.example/logo.png", "contactInfo": map[string]any{"phone": "+49 40 1", "website": "https://acme.example"},
		"address": map[string]any{"city": "Hamburg", "country": "DE"}, "branding": map[string]any{"primaryColor": "#0b3d2e"},
	}
	changed := w.Want(t, 200, "company_admin", "PUT", path, profile, "If-Match", tag)
	if changed.Text("name") != "Acme & Sons" || changed.Text("address.country") != "DE" || changed.Text("contactInfo.phone") != "+49 40 1" || changed.Header.Get("ETag") == tag {
		t.Fatalf("%s", changed.Raw)
	}
	if r := w.Want(t, 409, "company_admin", "PUT", path, profile, "If-Match", tag); r.Text("code") != "stale" {
		t.Fatalf("from the version before: %s", r.Raw)
	}
	if r := w.Want(t, 200, "company_admin", "PATCH", path+"/settings", map[string]any{"taxRate": 7, "timezone": "Europe/Berlin"}); r.At("settings.taxRate") != 7.0 || r.Text("settings.currency") != "EUR" {
		t.Fatalf("%s", r.Raw)
	}
	for field, body := range map[string]map[string]any{
		"timezone": {"timezone": "Mars/Olympus"}, "taxRate": {"taxRate": 101}, "currency": {"currency": "USD"},
	} {
		if r := w.Want(t, 400, "company_admin", "PATCH", path+"/settings", body); !apitest.Names(r, field) {
			t.Errorf("%s: %s", field, r.Raw)
		}
	}
	w.Want(t, 403, "company_admin", "PUT", path+"/subscription", apitest.Subscription("business", "active"))
	w.Want(t, 404, "other_admin", "PUT", path, profile)
	w.Want(t, 403, "company_admin", "PUT", path, map[string]any{"name": "x", "slug": "mine"})
	if r := w.Want(t, 409, "super_admin", "PUT", path, map[string]any{"name": "x", "slug": "other"}); !apitest.Names(r, "slug") {
		t.Errorf("another's slug: %s", r.Raw)
	}

	w.Want(t, 200, "super_admin", "PUT", path+"/subscription", apitest.Subscription("business", "suspended"))
	if r := w.Want(t, 403, "company_admin", "PUT", path, profile); r.Text("code") != "company_suspended" {
		t.Fatalf("suspended: %s", r.Raw)
	}
	w.Want(t, 200, "company_admin", "GET", "/api/orders", nil)
	w.Want(t, 200, "", "GET", "/api/companies/by-slug/acme", nil)

	if r := w.Want(t, 200, "super_admin", "DELETE", path, nil); r.At("isActive") != false || r.Text("erasedAt") == "" {
		t.Fatalf("%s", r.Raw)
	}
	w.Want(t, 403, "company_admin", "GET", "/api/orders", nil)
	w.Want(t, 404, "", "GET", "/api/companies/by-slug/acme", nil)
	w.Want(t, 409, "super_admin", "PUT", path+"/subscription", apitest.Subscription("business", "active"))
	w.Want(t, 200, "super_admin", "POST", path+"/restore", nil)
	w.Want(t, 200, "super_admin", "PUT", path+"/subscription", apitest.Subscription("business", "active"))
	w.Want(t, 200, "company_admin", "PUT", path, profile)
	if r := w.Want(t, 200, "", "GET", "/api/companies/by-slug/acme", nil); r.Text("name") != "Acme & Sons" || r.At("subscription") != nil || r.At("ownerId") != nil {
		t.Fatalf("to everybody: %s", r.Raw)
	}
}

// TestPlanLimitsAreExact: however many are made at a time.
func TestPlanLimitsAreExact(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	c := w.Want(t, 201, "super_admin", "POST", "/api/companies", map[string]any{
		"name": "Tiny", "slug": "tiny", "settings": map[string]any{"currency": "EUR"}, "subscription": map[string]any{"plan": "free"},
	})
	hire := func(i int) *apitest.Reply {
		email := fmt.Sprintf("staff%d@demo.test", i)
		for {
			r := w.Call(t, "super_admin", "POST", "/api/auth/users", map[string]any{
				"email": email, "password": "a long sentence", "name": "Staff", "role": "shop_staff", "companyId": c.Text("id"),
			})
			if r.Status != 503 { // too many hashes at a time
				return r
			}
		}
	}
	var made atomic.Int64
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			switch r := hire(i); {
			case r.Status == 201:
				made.Add(1)
			case r.Status == 403 && r.Text("code") == "plan_limit" && apitest.Names(r, "subscription.plan"):
			default:
				t.Errorf("%d %s", r.Status, r.Raw)
			}
		})
	}
	wg.Wait()
	if made.Load() != 3 {
		t.Fatalf("%d were made of 3", made.Load())
	}
	list := w.Want(t, 200, "super_admin", "GET", "/api/auth/users?companyId="+c.Text("id"), nil)
	first, _ := list.List("items")[0].(map[string]any)
	w.Want(t, 204, "super_admin", "DELETE", "/api/auth/users/"+first["id"].(string), nil)
	if r := hire(100); r.Status != 201 {
		t.Fatalf("for one who left: %d %s", r.Status, r.Raw)
	}
	if r := hire(101); r.Status != 403 {
		t.Fatalf("one too many: %d", r.Status)
	}
	w.Want(t, 200, "super_admin", "PUT", "/api/companies/"+c.Text("id")+"/subscription", apitest.Subscription("starter", "active"))
	if r := hire(102); r.Status != 201 {
		t.Fatalf("in a larger plan: %d %s", r.Status, r.Raw)
	}
}

// TestSubscriptionInput: what makes no sense is refused by name.
func TestSubscriptionInput(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	path := "/api/companies/" + w.Company + "/subscription"
	past := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
	for field, body := range map[string]map[string]any{
		"plan": apitest.Subscription("gold", "active"), "status": apitest.Subscription("free", "happy"),
		"subscription.expiresAt": {"plan": "free", "status": "trial"},
		"expiresAt":              {"plan": "free", "status": "active", "expiresAt": "tomorrow"},
	} {
		if r := w.Want(t, 400, "super_admin", "PUT", path, body); !apitest.Names(r, field) {
			t.Errorf("%s: %s", field, r.Raw)
		}
	}
	if r := w.Want(t, 400, "super_admin", "PUT", path, map[string]any{"plan": "free", "status": "active", "expiresAt": past}); !apitest.Names(r, "subscription.expiresAt") {
		t.Errorf("%s", r.Raw)
	}
}

// TestShopsWithinThePlan: a deleted shop makes room for another.
func TestShopsWithinThePlan(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	c := w.Want(t, 201, "super_admin", "POST", "/api/companies", map[string]any{
		"name": "Tiny", "slug": "tiny", "settings": map[string]any{"currency": "EUR"},
	})
	body := func(name string) map[string]any { return map[string]any{"companyId": c.Text("id"), "name": name} }
	first := w.Want(t, 201, "super_admin", "POST", "/api/shops", body("one"), "Idempotency-Key", "k")
	if again := w.Want(t, 201, "super_admin", "POST", "/api/shops", body("one"), "Idempotency-Key", "k"); again.Text("id") != first.Text("id") {
		t.Fatalf("%s", again.Raw)
	}
	if r := w.Want(t, 403, "super_admin", "POST", "/api/shops", body("two")); r.Text("code") != "plan_limit" {
		t.Fatalf("%s", r.Raw)
	}
	w.Want(t, 204, "super_admin", "DELETE", "/api/shops/"+first.Text("id"), nil)
	w.Want(t, 201, "super_admin", "POST", "/api/shops", body("two"))
}
