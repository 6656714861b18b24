// Package edge is what every request passes before a handler sees it, one duty
// each: request id, trace, access log, recovery, security headers, CORS, a bound
// on concurrency, rate limit, body limit, deadline, and the token that becomes an
// [entrepot.Caller]. It also holds the signing keys and the one table from error
// code to HTTP status.
package edge

import (
	"log/slog"
	"net/http"
	"net/netip"
	"time"
)

// Middleware wraps a handler with one duty.
type Middleware func(http.Handler) http.Handler

// Chain applies the middleware to h; the first is the outermost.
func Chain(h http.Handler, ms ...Middleware) http.Handler {
	for i := len(ms) - 1; i >= 0; i-- {
		h = ms[i](h)
	}
	return h
}

// Config is what the standard chain is made from. Zero values mean the defaults.
type Config struct {
	Log            *slog.Logger   // default slog.Default
	LogSuccess     bool           // log 2xx and 3xx at info instead of debug
	Tokens         Verifier       // nil: nobody can be authenticated
	AllowOrigins   []string       // CORS, exact origins; none by default
	TrustedProxies []netip.Prefix // whose X-Forwarded-For is believed; none by default
	Gateways       *Keys          // whose word on a caller is believed, on a service's listener; nil: nobody's
	MaxBody        int64          // bytes, default 1 MiB
	MaxInFlight    int            // requests at a time, default 512
	Wait           time.Duration  // for a free place, default 250 ms
	Timeout        time.Duration  // of one request, default 10 s
	Limits         Limits
	// Allow knows the requests that may take more than MaxBody and Timeout; nil: none.
	Allow func(*http.Request) (Room, bool)
}

// MaxBody is the default limit of a request body in bytes.
const MaxBody = 1 << 20

func (c Config) withDefaults() Config {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.MaxBody <= 0 {
		c.MaxBody = MaxBody
	}
	if c.MaxInFlight <= 0 {
		c.MaxInFlight = 512
	}
	if c.Wait <= 0 {
		c.Wait = 250 * time.Millisecond
	}
	if c.Timeout <= 0 {
		c.Timeout = 10 * time.Second
	}
	return c
}

// Standard is the chain of an HTTP listener, outermost first. Long-lived
// connections (sockets) do not belong behind it: it bounds time and number.
func Standard(c Config) []Middleware {
	c = c.withDefaults()
	chain := []Middleware{RequestID(c.TrustedProxies)}
	if c.Gateways != nil {
		chain = append(chain, Forwarded(c.Gateways))
	}
	if c.Allow != nil {
		chain = append(chain, Allow(c.Allow))
	}
	return append(chain,
		Trace(),
		SecurityHeaders(),
		AccessLog(c.Log, c.LogSuccess),
		Recover(c.Log),
		CORS(c.AllowOrigins),
		Authenticate(c.Tokens),
		RateLimit(c.Limits),
		NewPlaces(c.MaxInFlight, c.Wait).Bound(),
		Timeout(c.Timeout),
		BodyLimit(c.MaxBody),
	)
}
