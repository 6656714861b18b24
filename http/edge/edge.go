// Package edge is the middleware that every request passes before its handler, one duty each: request id, trace,
// access log, recovery, security headers, CORS, authentication of the [entrepot.Caller], rate limit, concurrency
// limit, deadline and body limit. It also holds the signing keys and the one table from error codes to HTTP.
package edge

import (
	"log/slog"
	"net/http"
	"net/netip"
	"time"
)

// Middleware wraps a handler with one duty.
type Middleware func(http.Handler) http.Handler

// Chain wraps h in the middleware; the first is the outermost.
func Chain(h http.Handler, ms ...Middleware) http.Handler {
	for i := len(ms) - 1; i >= 0; i-- {
		h = ms[i](h)
	}
	return h
}

// Config configures the [Standard] chain. Zero values mean the defaults.
type Config struct {
	Log            *slog.Logger   // default slog.Default
	LogSuccess     bool           // log 2xx and 3xx at info instead of debug
	Tokens         Verifier       // nil: every token is refused
	AllowOrigins   []string       // exact origins for CORS; default none
	TrustedProxies []netip.Prefix // peers whose X-Forwarded-For counts; default none
	Gateways       *Keys          // keys of gateways whose signed caller header this listener trusts; nil: none
	MaxBody        int64          // bytes, default 1 MiB
	MaxInFlight    int            // concurrent requests, default 512
	Wait           time.Duration  // longest wait for admission, default 250 ms
	Timeout        time.Duration  // of one request, default 10 s
	Limits         Limits
	// Allow returns the limits of a request that may exceed MaxBody and Timeout; nil: no request may.
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

// Standard returns the chain of an HTTP listener, outermost first. It bounds the duration and number of requests,
// so sockets and other long-lived connections must bypass it.
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
