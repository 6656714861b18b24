package gateway_test

import (
	"net/http"
	"strings"
	"testing"

	"entrepot/http/api/apitest"
)

func TestHealth(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	if r := w.Want(t, 200, "", "GET", "/health", nil); r.Text("status") != "ok" {
		t.Errorf("health is %s", r.Raw)
	}
	w.Want(t, 200, "", "GET", "/ready", nil)
	w.Want(t, 200, "", "GET", "/api/health/all", nil)
	w.Want(t, 404, "", "GET", "/api/health", nil)
	if r := w.Want(t, 405, "", "PUT", "/health", nil); r.Text("title") == "" {
		t.Errorf("405 is %s", r.Raw)
	}
	docs := w.Want(t, 200, "", "GET", "/docs", nil)
	if csp := docs.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "script-src 'sha256-") || http.DetectContentType(docs.Raw) != "text/html; charset=utf-8" {
		t.Errorf("docs page: %s", csp)
	}
}
