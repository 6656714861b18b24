package api_test

import (
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"entrepot"
	"entrepot/cmd/entrepot/services"
	"entrepot/http/api/apitest"
	"entrepot/http/api/gateway"
	"entrepot/http/rest"
)

// opened lists the routes that anybody may use; a new one has to be added here on purpose.
var opened = []string{
	"login", "register", "refresh-token", "jwks", "well-known-jwks", "verify-email", "forgot-password", "reset-password", "accept-invitation",
	"get-storefront", "list-plans", "open-guest-cart",
	"list-shops", "get-shop", "get-shop-shipping",
	"list-products", "get-product", "suggest-products", "list-categories", "get-image",
	"recommend-products", "record-product-view",
	"list-reviews",
	"health", "ready", "health-all",
}

// TestEveryRouteDeclaresWhoMayUseIt walks all routes with every role and with nobody.
func TestEveryRouteDeclaresWhoMayUseIt(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	seen := map[string]bool{}
	for _, s := range append(apitest.Routes(w.Deps), gateway.NoOp()) {
		for _, r := range s.List {
			if seen[r.ID] {
				t.Errorf("the id %s is used twice", r.ID)
			}
			seen[r.ID] = true
			roles := r.Access.Roles()
			if public := roles == nil; public != slices.Contains(opened, r.ID) {
				t.Errorf("%s: public is %v", r.ID, public)
				continue
			}
			if roles == nil || r.ID == "no-op" {
				continue
			}
			path := "/api" + strings.NewReplacer("{resourceType}", "Order").Replace(r.Path)
			for strings.Contains(path, "{") {
				path = path[:strings.Index(path, "{")] + entrepot.NewID() + path[strings.Index(path, "}")+1:]
			}
			if got := w.Call(t, "", r.Method, path, nil); got.Status != http.StatusUnauthorized || got.Header.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("%s as nobody: %d %s", r.ID, got.Status, got.Raw)
			}
			for _, role := range []entrepot.Role{entrepot.SuperAdmin, entrepot.CompanyAdmin, entrepot.ShopManager, entrepot.ShopStaff, entrepot.Customer} {
				got := w.Call(t, string(role), r.Method, path, nil)
				if allowed := slices.Contains(roles, role); allowed == (got.Status == http.StatusForbidden) {
					t.Errorf("%s as %s: %d %s", r.ID, role, got.Status, got.Raw)
				}
				if r.ID == "logout" { // it does what it says
					w.Login(t, string(role), string(role))
				}
				if got.Status >= 500 {
					t.Errorf("%s as %s: %d %s", r.ID, role, got.Status, got.Raw)
				}
			}
		}
	}
}

// TestForgedTokens: a token that does not verify is refused on public routes too.
func TestForgedTokens(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	good := w.Tokens["customer"]
	head, rest, _ := strings.Cut(good, ".")
	claims, _, _ := strings.Cut(rest, ".")
	for name, token := range map[string]string{
		"cut": good[:len(good)-4], "unsigned": head + "." + claims + ".", "none": "eyJhbGciOiJub25lIn0." + claims + ".", "words": "let me in",
	} {
		w.Tokens["forged"] = token
		for _, path := range []string{"/api/orders", "/api/products", "/api/products/" + w.Mug, "/api/cart", "/api/audit/logs"} {
			if r := w.Call(t, "forged", "GET", path, nil); r.Status != http.StatusUnauthorized || r.Text("code") != "unauthenticated" {
				t.Errorf("%s at %s: %d %s", name, path, r.Status, r.Raw)
			}
		}
	}
	if r := w.Call(t, "", "GET", "/api/orders", nil, "Authorization", "Basic YTpi"); r.Status != http.StatusUnauthorized {
		t.Errorf("Basic answered %d", r.Status)
	}
}

var update = flag.Bool("update", false, "write docs/openapi.json")

const openAPIFile = "../../docs/openapi.json"

// TestOpenAPI: the document is JSON, holds every route with its roles, and is
// the one in docs/ (go test ./http/api -run OpenAPI -update writes it).
func TestOpenAPI(t *testing.T) {
	t.Parallel()
	services := apitest.Routes(services.Deps{}) // the document needs nothing that runs
	doc, err := rest.OpenAPI("/api", services...)
	if err != nil {
		t.Fatal(err)
	}
	var parsed struct {
		OpenAPI string                               `json:"openapi"`
		Paths   map[string]map[string]map[string]any `json:"paths"`
	}
	if err := json.Unmarshal(doc, &parsed); err != nil || !strings.HasPrefix(parsed.OpenAPI, "3.1") {
		t.Fatalf("document %.100s: %v", doc, err)
	}
	for _, s := range services {
		for _, r := range s.List {
			path := "/api" + r.Path
			if r.Root {
				path = r.Path
			}
			op := parsed.Paths[path][strings.ToLower(r.Method)]
			if op == nil || op["operationId"] != r.ID || op["summary"] == "" || op["x-roles"] == nil {
				t.Errorf("%s %s is %v", r.Method, path, op)
			}
		}
	}
	if strings.Contains(string(doc), "octet-stream") {
		t.Error("a body is documented as bytes")
	}
	if *update {
		if err := os.WriteFile(openAPIFile, doc, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if kept, err := os.ReadFile(openAPIFile); err == nil && string(kept) != string(doc) {
		t.Error("docs/openapi.json is not up to date: go test ./http/api -run OpenAPI -update")
	}
}

// TestSameDocumentTwice: the committed document must not change by itself.
func TestSameDocumentTwice(t *testing.T) {
	t.Parallel()
	a, err := rest.OpenAPI("/api", apitest.Routes(services.Deps{})...)
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := rest.OpenAPI("/api", apitest.Routes(services.Deps{})...); string(a) != string(b) {
		t.Error("two documents differ")
	}
}
