package edge

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"entrepot"
)

// HeaderRequestID carries the id that a request shares with its log lines, events and audit entries.
const HeaderRequestID = "X-Request-Id"

// RequestID sets the request id, address and user agent of the request's [entrepot.Caller]. The id is the client's, if
// it is valid, else a new one; the response returns it. trusted are the proxies whose X-Forwarded-For counts.
func RequestID(trusted []netip.Prefix) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			id := r.Header.Get(HeaderRequestID)
			if !saneID(id) {
				id = entrepot.NewID()
				r.Header[HeaderRequestID] = []string{id} // for a proxied service
			}
			w.Header()[HeaderRequestID] = []string{id}
			c := entrepot.Caller{RequestID: id, IP: clientIP(r, trusted), UserAgent: clip(r.UserAgent(), 256)}
			next.ServeHTTP(w, r.WithContext(entrepot.WithCaller(r.Context(), c)))
		})
	}
}

// saneID reports whether an id may be copied into logs, headers and events: 8 to 128 letters, digits, "-", "_" or ".".
func saneID(s string) bool {
	if len(s) < 8 || len(s) > 128 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '-', c == '_', c == '.':
		default:
			return false
		}
	}
	return true
}

// clientIP returns the peer's address or, behind trusted proxies, the last address in X-Forwarded-For that is not
// trusted itself.
func clientIP(r *http.Request, trusted []netip.Prefix) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	if len(trusted) == 0 || !isTrusted(host, trusted) {
		return host
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop := strings.TrimSpace(hops[i])
		if _, err := netip.ParseAddr(hop); err != nil {
			break
		}
		host = hop
		if !isTrusted(hop, trusted) {
			break
		}
	}
	return host
}

func isTrusted(host string, trusted []netip.Prefix) bool {
	a, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	for _, p := range trusted {
		if p.Contains(a.Unmap()) {
			return true
		}
	}
	return false
}

func clip(s string, n int) string {
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], "")
	}
	return s
}
