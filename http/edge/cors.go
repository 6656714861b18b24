package edge

import (
	"net/http"
)

const (
	corsMethods = "GET, POST, PUT, PATCH, DELETE"
	corsHeaders = "Authorization, Content-Type, Idempotency-Key, If-Match, Cart-Token, X-Request-Id, Traceparent"
	corsExposed = "Location, ETag, Retry-After, X-Request-Id, Idempotent-Replayed, " +
		"RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset"
)

// CORS allows the listed origins by exact match and responds to preflight requests, which browsers may cache for
// 10 minutes. Other origins get no CORS headers.
func CORS(origins []string) Middleware {
	allowed := make(map[string]bool, len(origins))
	for _, o := range origins {
		allowed[o] = true
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			origin := r.Header.Get("Origin")
			h := w.Header()
			if len(allowed) > 0 {
				h.Add("Vary", "Origin")
			}
			if allowed[origin] {
				h.Set("Access-Control-Allow-Origin", origin)
				h.Set("Access-Control-Expose-Headers", corsExposed)
				h.Set("Cross-Origin-Resource-Policy", "cross-origin")
			}
			if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
				next.ServeHTTP(w, r)
				return
			}
			if allowed[origin] {
				h.Set("Access-Control-Allow-Methods", corsMethods)
				h.Set("Access-Control-Allow-Headers", corsHeaders)
				h.Set("Access-Control-Max-Age", "600")
			}
			w.WriteHeader(http.StatusNoContent)
		})
	}
}
