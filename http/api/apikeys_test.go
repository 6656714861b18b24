package api_test

import (
	"strings"
	"testing"
)

// key makes an API key and lets the world call as it.
func (w *world) key(t testing.TB, name string, body map[string]any) *reply {
	t.Helper()
	body["name"] = name
	r := w.want(t, 201, "company_admin", "POST", "/api/auth/api-keys", body)
	w.tokens[name] = r.text("key")
	return r
}

// TestAPIKeys act for their company, within their scopes and shops, until they are revoked.
func TestAPIKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.key(t, "stock", map[string]any{"scopes": []string{"inventory:write", "inventory:read"}, "shopIds": []string{w.shopA}})
	if !strings.HasPrefix(made.text("key"), "ek_"+made.text("id")+"_") {
		t.Fatalf("%s", made.raw)
	}
	receive := func(shop string) map[string]any {
		return map[string]any{"productId": w.mug, "shopId": shop, "quantity": 1, "reason": "purchase"}
	}
	w.want(t, 201, "stock", "POST", "/api/inventory/items", receive(w.shopA))
	w.want(t, 404, "stock", "POST", "/api/inventory/items", receive(w.shopB))
	w.want(t, 200, "stock", "GET", "/api/inventory/items", nil)
	for _, path := range []string{"/api/orders", "/api/auth/profile", "/api/auth/users", "/api/auth/api-keys", "/api/audit/logs"} {
		if r := w.want(t, 403, "stock", "GET", path, nil); !strings.Contains(r.text("detail"), "scope") {
			t.Errorf("%s: %s", path, r.raw)
		}
	}
	w.want(t, 403, "stock", "POST", "/api/auth/api-keys", map[string]any{"name": "more", "scopes": []string{"orders:read"}})
	w.want(t, 200, "stock", "GET", "/api/products", nil) // open to all

	w.key(t, "reader", map[string]any{"scopes": []string{"orders:read"}})
	w.want(t, 200, "reader", "GET", "/api/orders", nil)
	w.want(t, 403, "reader", "POST", "/api/inventory/items", receive(w.shopA))

	if list := w.want(t, 200, "company_admin", "GET", "/api/auth/api-keys", nil); len(list.list("items")) != 2 || strings.Contains(string(list.raw), "ek_") {
		t.Fatalf("%s", list.raw)
	}
	if list := w.want(t, 200, "other_admin", "GET", "/api/auth/api-keys", nil); len(list.list("items")) != 0 {
		t.Fatalf("another's: %s", list.raw)
	}
	w.want(t, 404, "other_admin", "DELETE", "/api/auth/api-keys/"+made.text("id"), nil)
	w.want(t, 204, "company_admin", "DELETE", "/api/auth/api-keys/"+made.text("id"), nil)
	eventually(t, "the key is refused", func() bool { return w.call(t, "stock", "GET", "/api/inventory/items", nil).status == 401 })
	w.want(t, 200, "reader", "GET", "/api/orders", nil)
}

func TestForgedAPIKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := w.key(t, "good", map[string]any{"scopes": []string{"orders:read"}}).text("key")
	for name, key := range map[string]string{
		"another secret": good + "x", "no secret": good[:28], "no id": "ek__" + good[28:], "another's id": "ek_" + w.mug + good[27:], "nothing": "ek_",
	} {
		w.tokens["forged"] = key
		if r := w.want(t, 401, "forged", "GET", "/api/orders", nil); strings.Contains(string(r.raw), key) {
			t.Errorf("%s: %s", name, r.raw)
		}
	}
}

// TestAPIKeyInput: shops of others and scopes that do not exist are named.
func TestAPIKeyInput(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for field, c := range map[string]struct {
		status int
		body   map[string]any
	}{
		"scopes":     {400, map[string]any{"name": "k", "scopes": []string{"users:write"}}},
		"shopIds[0]": {404, map[string]any{"name": "k", "scopes": []string{"orders:read"}, "shopIds": []string{w.otherShop}}},
		"expiresAt":  {400, map[string]any{"name": "k", "scopes": []string{"orders:read"}, "expiresAt": "2020-01-01T00:00:00Z"}},
		"companyId":  {400, map[string]any{"name": "k", "scopes": []string{"orders:read"}, "companyId": w.otherCompany}},
	} {
		if r := w.want(t, c.status, "company_admin", "POST", "/api/auth/api-keys", c.body); !names(r, field) {
			t.Errorf("%s: %s", field, r.raw)
		}
	}
}
