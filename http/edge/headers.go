package edge

import "net/http"

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
