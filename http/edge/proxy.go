package edge

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"entrepot"
)

// Finder lists the addresses (host:port) of a service's healthy instances.
type Finder interface {
	Find(ctx context.Context, service string) []string
}

// ejection is the time for which a failed instance gets no requests.
const ejection = 5 * time.Second

// headerPrefix carries the path prefix that the gateway has removed.
const headerPrefix = "X-Forwarded-Prefix"

// Proxy forwards requests to the instances of a service in turn, with a signed caller header. An instance that does
// not respond gets no requests for 5 s, and the request goes to the next instance if it was certainly not executed or
// is safe to repeat: a read, or a request with an Idempotency-Key.
type Proxy struct {
	service string
	keys    *Keys
	find    Finder
	forward *httputil.ReverseProxy
	next    atomic.Uint64

	mu      sync.Mutex
	ejected map[string]time.Time // until
}

// NewProxy returns a proxy to a service. The first matching prefix of strip, such as "/api", is removed from paths.
func NewProxy(service string, keys *Keys, find Finder, strip ...string) *Proxy {
	p := &Proxy{service: service, keys: keys, find: find, ejected: map[string]time.Time{}}
	p.forward = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			for _, prefix := range strip {
				if rest, ok := strings.CutPrefix(r.Out.URL.Path, prefix); ok {
					r.Out.URL.Path, r.Out.URL.RawPath = rest, ""
					r.Out.Header.Set(headerPrefix, prefix)
					break
				}
			}
			r.Out.Header.Del("X-Forwarded-For") // the signed header has the caller's address
			r.Out.Header.Del(headerCaller)
			if caller, err := keys.sealCaller(r.In.Context(), r.Out.Method, r.Out.URL.RequestURI()); err == nil {
				r.Out.Header.Set(headerCaller, caller)
			} // otherwise the service verifies the token itself
		},
		Transport: p,
		ModifyResponse: func(r *http.Response) error {
			for name := range securityHeaders { // the gateway has set its own
				r.Header.Del(name)
			}
			r.Header.Del(HeaderRequestID)
			if to := r.Header.Get("Location"); strings.HasPrefix(to, "/") {
				r.Header.Set("Location", r.Request.Header.Get(headerPrefix)+to)
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if errors.Is(err, context.Canceled) {
				return // the client has disconnected
			}
			WriteProblem(w, r, p.lost(r, err))
		},
	}
	return p
}

// lost returns the error of a request without a response: unavailable if it was certainly not executed or was a
// read, else outcome unknown.
func (p *Proxy) lost(r *http.Request, err error) error {
	if errors.Is(err, errNoInstance) || undialled(err) || isRead(r) {
		return entrepot.Unavailable("the %s service does not respond", p.service)
	}
	return &entrepot.Error{
		Code: entrepot.CodeUnknownOutcome, RetryAfter: time.Second,
		Message: "the " + p.service + " service did not respond; repeat the request with the same Idempotency-Key",
	}
}

// ServeHTTP forwards one request. It buffers the body, so that the request can be repeated. Bodies with limits set by
// [Allow] are streamed and sent once.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Body != nil && r.ContentLength != 0 && roomOf(r.Context()).MaxBody == 0 {
		body, err := io.ReadAll(r.Body) // bounded by BodyLimit
		if err != nil {
			var tooLong *http.MaxBytesError
			if errors.As(err, &tooLong) {
				err = TooLarge(tooLong.Limit)
			} else {
				err = entrepot.Invalid("body", "readable", "could not be read")
			}
			WriteProblem(w, r, err)
			return
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		r.TransferEncoding = nil
	}
	p.forward.ServeHTTP(w, r)
}

// transport keeps connections to the instances of all services.
var transport = &http.Transport{
	MaxIdleConnsPerHost: 128, IdleConnTimeout: time.Minute, ResponseHeaderTimeout: 15 * time.Second,
	DisableCompression: true,
}

var errNoInstance = errors.New("no healthy instance")

// tries bounds the instances that a request is sent to.
const tries = 3

// RoundTrip sends the request to an instance and, after a failure that permits it, to others.
func (p *Proxy) RoundTrip(r *http.Request) (*http.Response, error) {
	instances := p.healthy(r.Context())
	if len(instances) == 0 {
		return nil, errNoInstance
	}
	first := p.next.Add(1)
	for i := uint64(1); ; i++ {
		address := instances[(first+i)%uint64(len(instances))]
		response, err := send(r, address)
		last := i == tries || i == uint64(len(instances)) || r.Context().Err() != nil
		switch {
		case err == nil && (last || response.StatusCode != http.StatusServiceUnavailable || !isRead(r)):
			return response, nil
		case err == nil: // busy or leaving; another instance may serve it
			_ = response.Body.Close()
		default:
			if r.Context().Err() == nil {
				p.eject(address)
			}
			repeatable := undialled(err) || isRead(r) || r.Header.Get("Idempotency-Key") != ""
			repeatable = repeatable && roomOf(r.Context()).MaxBody == 0 // a streamed body may be consumed
			if last || !repeatable {
				return nil, err
			}
		}
		backOff(r.Context(), time.Duration(i)*25*time.Millisecond)
	}
}

func send(r *http.Request, address string) (*http.Response, error) {
	out := r.Clone(r.Context())
	out.URL = &url.URL{Scheme: "http", Host: address, Path: r.URL.Path, RawQuery: r.URL.RawQuery}
	if r.GetBody != nil {
		body, err := r.GetBody()
		if err != nil {
			return nil, err
		}
		out.Body = body
	}
	return transport.RoundTrip(out)
}

func isRead(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

// undialled reports whether the error occurred before anything was sent.
func undialled(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// backOff waits for a random time between d/2 and d, or until the request ends.
func backOff(ctx context.Context, d time.Duration) {
	_ = Sleep(ctx, d/2+rand.N(d/2)) //nolint:gosec // jitter
}

// healthy returns the instances that are not ejected; all instances if every one is.
func (p *Proxy) healthy(ctx context.Context) []string {
	all := p.find.Find(ctx, p.service)
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]string, 0, len(all))
	now := time.Now()
	for _, a := range all {
		if until, bad := p.ejected[a]; bad && now.Before(until) {
			continue
		}
		delete(p.ejected, a)
		out = append(out, a)
	}
	if len(out) == 0 {
		return all
	}
	return out
}

func (p *Proxy) eject(address string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ejected[address] = time.Now().Add(ejection)
}
