package api_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"entrepot/http/api/apitest"
	"entrepot/http/api/gateway"
	"entrepot/http/edge"
	"entrepot/http/rest"
)

// BenchmarkHandlers measures handlers without sockets, beside the no-op.
func BenchmarkHandlers(b *testing.B) {
	w := apitest.New(b)
	engine := rest.NewEngine()
	rest.Mount(engine, slog.New(slog.DiscardHandler), []string{"/api"}, append(apitest.Routes(w.Deps), gateway.NoOp())...)
	h := edge.Chain(engine, edge.Standard(edge.Config{Log: slog.New(slog.DiscardHandler), Tokens: w.Keys})...)
	for _, c := range []struct{ name, method, path, body string }{
		{"noop", "GET", "/api/noop", ""},
		{"detail", "GET", "/api/products/" + w.Mug, ""},
		{"list", "GET", "/api/products?limit=20", ""},
		{"add", "POST", "/api/cart/items", `{"productId":"` + w.Mug + `","quantity":1}`},
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
					req.Header.Set("Authorization", "Bearer "+w.Tokens["customer"])
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
