package edge

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/hex"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"entrepot"
	"entrepot/grains"
)

// AccessLog logs one line per request: status 5xx as a warning, 4xx at info, the rest at debug, or at info if
// logSuccess is set. A disabled level costs nothing.
func AccessLog(log *slog.Logger, logSuccess bool) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			start := time.Now()
			rec := &recorder{ResponseWriter: w}
			next.ServeHTTP(rec, r)
			level := levelOf(rec.status, logSuccess)
			if !log.Enabled(r.Context(), level) {
				return
			}
			logRequest(r.Context(), log, level, r, rec, time.Since(start))
		})
	}
}

func levelOf(status int, logSuccess bool) slog.Level {
	switch {
	case status >= 500:
		return slog.LevelWarn // the cause is logged as an error where it occurs
	case status >= 400 || logSuccess:
		return slog.LevelInfo
	default:
		return slog.LevelDebug
	}
}

func logRequest(
	ctx context.Context, log *slog.Logger, level slog.Level, r *http.Request, rec *recorder, took time.Duration,
) {
	c := entrepot.CallerFrom(ctx)
	log.LogAttrs(ctx, level, "request",
		slog.String("method", r.Method), slog.String("path", clip(r.URL.Path, 256)),
		slog.Int("status", rec.status), slog.Int64("bytes", rec.bytes),
		slog.Duration("took", took), slog.String("requestId", c.RequestID), slog.String("ip", c.IP))
}

// recorder records the status and size of a response.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// Flush sends the buffered data. Gin and proxies find Flush and Hijack by type assertion, not through Unwrap.
func (r *recorder) Flush() { _ = http.NewResponseController(r.ResponseWriter).Flush() }

// Hijack lets the caller take over the connection.
func (r *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if r.status == 0 {
		r.status = http.StatusSwitchingProtocols
	}
	return http.NewResponseController(r.ResponseWriter).Hijack()
}

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

// Trace continues the client's W3C trace context or starts a new one (version 00, sampled), which commands and events
// then carry.
func Trace() Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			parent := r.Header.Get("Traceparent")
			if !validTraceparent(parent) {
				parent = newTraceparent()
				r.Header["Traceparent"] = []string{parent} // for a proxied service
			}
			next.ServeHTTP(w, r.WithContext(grains.WithTrace(r.Context(), parent)))
		})
	}
}

// newTraceparent returns a header with random ids. They identify requests and protect nothing, so a fast source is
// enough. Neither id may be all zero.
func newTraceparent() string {
	var b [24]byte
	for i := 0; i < len(b); i += 8 {
		binary.BigEndian.PutUint64(b[i:], rand.Uint64()|1) //nolint:gosec // ids are not secret
	}
	var s [55]byte
	copy(s[:], "00-")
	hex.Encode(s[3:35], b[:16])
	s[35] = '-'
	hex.Encode(s[36:52], b[16:])
	copy(s[52:], "-01")
	return string(s[:])
}

// validTraceparent reports whether s is a traceparent header of version 00:
// https://www.w3.org/TR/trace-context/#traceparent-header.
func validTraceparent(s string) bool {
	if len(s) != 55 || s[:3] != "00-" || s[35] != '-' || s[52] != '-' {
		return false
	}
	return lowerHex(s[3:35]) && lowerHex(s[36:52]) && lowerHex(s[53:]) &&
		s[3:35] != "00000000000000000000000000000000" && s[36:52] != "0000000000000000"
}

func lowerHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
