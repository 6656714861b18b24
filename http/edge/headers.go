package edge

import (
	"net/http"
)

// securityHeaders are the headers of Helmet.js (https://helmetjs.github.io) for an API. The slices are shared by
// all responses; a handler that sets a header, such as the CSP of the docs page, replaces its slice.
var securityHeaders = map[string][]string{
	"Content-Security-Policy": {
		"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
	},
	"Strict-Transport-Security":         {"max-age=31536000; includeSubDomains"},
	"X-Content-Type-Options":            {"nosniff"},
	"X-Frame-Options":                   {"DENY"},
	"Referrer-Policy":                   {"no-referrer"},
	"Cross-Origin-Opener-Policy":        {"same-origin"},
	"Cross-Origin-Resource-Policy":      {"same-origin"},
	"X-Permitted-Cross-Domain-Policies": {"none"},
	"X-Dns-Prefetch-Control":            {"off"},
	"Origin-Agent-Cluster":              {"?1"},
	"Cache-Control":                     {"no-store"},
}

// SecurityHeaders sets headers that restrict browsers: CSP, HSTS, framing, sniffing and caching.
func SecurityHeaders() Middleware {
	type header struct {
		name  string
		value []string
	}
	set := make([]header, 0, len(securityHeaders))
	for k, v := range securityHeaders {
		set = append(set, header{k, v[:len(v):len(v)]})
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			for i := range set {
				h[set[i].name] = set[i].value
			}
			next.ServeHTTP(w, r)
		})
	}
}

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
