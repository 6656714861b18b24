package auth_test

import (
	"strings"
	"testing"

	"entrepot/http/api/apitest"
)

// TestAPIKeys act for their company, within their scopes and shops, until they are revoked.
func TestAPIKeys(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	made := w.Key(t, "stock", map[string]any{"scopes": []string{"inventory:write", "inventory:read"}, "shopIds": []string{w.ShopA}})
	if !strings.HasPrefix(made.Text("key"), "ek_"+made.Text("id")+"_") {
		t.Fatalf("%s", made.Raw)
	}
	receive := func(shop string) map[string]any {
		return map[string]any{"productId": w.Mug, "shopId": shop, "quantity": 1, "reason": "purchase"}
	}
	w.Want(t, 201, "stock", "POST", "/api/inventory/items", receive(w.ShopA))
	w.Want(t, 404, "stock", "POST", "/api/inventory/items", receive(w.ShopB))
	w.Want(t, 200, "stock", "GET", "/api/inventory/items", nil)
	for _, path := range []string{"/api/orders", "/api/auth/profile", "/api/auth/users", "/api/auth/api-keys", "/api/audit/logs"} {
		if r := w.Want(t, 403, "stock", "GET", path, nil); !strings.Contains(r.Text("detail"), "scope") {
			t.Errorf("%s: %s", path, r.Raw)
		}
	}
	w.Want(t, 403, "stock", "POST", "/api/auth/api-keys", map[string]any{"name": "more", "scopes": []string{"orders:read"}})
	w.Want(t, 200, "stock", "GET", "/api/products", nil) // open to all

	w.Key(t, "reader", map[string]any{"scopes": []string{"orders:read"}})
	w.Want(t, 200, "reader", "GET", "/api/orders", nil)
	w.Want(t, 403, "reader", "POST", "/api/inventory/items", receive(w.ShopA))

	if list := w.Want(t, 200, "company_admin", "GET", "/api/auth/api-keys", nil); len(list.List("items")) != 2 || strings.Contains(string(list.Raw), "ek_") {
		t.Fatalf("%s", list.Raw)
	}
	if list := w.Want(t, 200, "other_admin", "GET", "/api/auth/api-keys", nil); len(list.List("items")) != 0 {
		t.Fatalf("another's: %s", list.Raw)
	}
	w.Want(t, 404, "other_admin", "DELETE", "/api/auth/api-keys/"+made.Text("id"), nil)
	w.Want(t, 204, "company_admin", "DELETE", "/api/auth/api-keys/"+made.Text("id"), nil)
	apitest.Eventually(t, "the key is refused", func() bool { return w.Call(t, "stock", "GET", "/api/inventory/items", nil).Status == 401 })
	w.Want(t, 200, "reader", "GET", "/api/orders", nil)
}

func TestForgedAPIKeys(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	good := w.Key(t, "good", map[string]any{"scopes": []string{"orders:read"}}).Text("key")
	for name, key := range map[string]string{
		"another secret": good + "x", "no secret": good[:28], "no id": "ek__" + good[28:], "another's id": "ek_" + w.Mug + good[27:], "nothing": "ek_",
	} {
		w.Tokens["forged"] = key
		if r := w.Want(t, 401, "forged", "GET", "/api/orders", nil); strings.Contains(string(r.Raw), key) {
			t.Errorf("%s: %s", name, r.Raw)
		}
	}
}

// TestAPIKeyInput: shops of others and scopes that do not exist are named.
func TestAPIKeyInput(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	for field, c := range map[string]struct {
		status int
		body   map[string]any
	}{
		"scopes":     {400, map[string]any{"name": "k", "scopes": []string{"users:write"}}},
		"shopIds[0]": {404, map[string]any{"name": "k", "scopes": []string{"orders:read"}, "shopIds": []string{w.OtherShop}}},
		"expiresAt":  {400, map[string]any{"name": "k", "scopes": []string{"orders:read"}, "expiresAt": "2020-01-01T00:00:00Z"}},
		"companyId":  {400, map[string]any{"name": "k", "scopes": []string{"orders:read"}, "companyId": w.OtherCompany}},
	} {
		if r := w.Want(t, c.status, "company_admin", "POST", "/api/auth/api-keys", c.body); !apitest.Names(r, field) {
			t.Errorf("%s: %s", field, r.Raw)
		}
	}
}
