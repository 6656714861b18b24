package api_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"entrepot/http/api"
	"entrepot/http/edge"
)

// BenchmarkHandlers measures handlers without sockets, beside the no-op.
func BenchmarkHandlers(b *testing.B) {
	w := newWorld(b)
	engine := api.NewEngine()
	api.Mount(engine, slog.New(slog.DiscardHandler), []string{"/api"}, append(allServices(w.deps), api.NoOp())...)
	h := edge.Chain(engine, edge.Standard(edge.Config{Log: slog.New(slog.DiscardHandler), Tokens: w.keys})...)
	for _, c := range []struct{ name, method, path, body string }{
		{"noop", "GET", "/api/noop", ""},
		{"detail", "GET", "/api/products/" + w.mug, ""},
		{"list", "GET", "/api/products?limit=20", ""},
		{"add", "POST", "/api/cart/items", `{"productId":"` + w.mug + `","quantity":1}`},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					var body io.Reader
					if c.body != "" {
						body = strings.NewReader(c.body)
					}
					req := httptest.NewRequestWithContext(b.Context(), c.method, c.path, body)
					req.Header.Set("Authorization", "Bearer "+w.tokens["customer"])
					rec := httptest.NewRecorder()
					h.ServeHTTP(rec, req)
					if rec.Code >= http.StatusInternalServerError {
						b.Errorf("%d %s", rec.Code, rec.Body)
					}
				}
			})
		})
	}
}
