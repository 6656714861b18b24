package edge

import (
	"context"
	"errors"
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

// ejection is how long an instance that failed is left alone.
const ejection = 5 * time.Second

// headerPrefix tells a service which part of the path the gateway took off.
const headerPrefix = "X-Forwarded-Prefix"

// Proxy forwards requests to the instances of one service, in turn. An instance
// that does not answer is left alone for a while; a request that may be repeated
// is tried at the next one.
type Proxy struct {
	service string
	find    Finder
	forward *httputil.ReverseProxy
	next    atomic.Uint64

	mu      sync.Mutex
	ejected map[string]time.Time // until
}

// NewProxy returns a proxy to a service. strip is the path prefix that the
// service does not know ("/api").
func NewProxy(service string, find Finder, strip ...string) *Proxy {
	p := &Proxy{service: service, find: find, ejected: map[string]time.Time{}}
	p.forward = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			for _, prefix := range strip {
				if rest, ok := strings.CutPrefix(r.Out.URL.Path, prefix); ok {
					r.Out.URL.Path, r.Out.URL.RawPath = rest, ""
					r.Out.Header.Set(headerPrefix, prefix)
					break
				}
			}
			r.SetXForwarded() // the service verifies the token itself
		},
		Transport: p,
		ModifyResponse: func(r *http.Response) error {
			for name := range securityHeaders { // this listener has set its own
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
				return // the client has left
			}
			WriteProblem(w, r, entrepot.Unavailable("the %s service does not answer", service))
		},
	}
	return p
}

// ServeHTTP forwards one request.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.forward.ServeHTTP(w, r) }

// transport keeps connections to the instances; dialling one that is gone fails fast.
var transport = &http.Transport{
	MaxIdleConnsPerHost: 128, IdleConnTimeout: time.Minute, ResponseHeaderTimeout: 15 * time.Second,
	DisableCompression: true,
}

// RoundTrip sends the request to an instance, and what may be repeated to another one.
func (p *Proxy) RoundTrip(r *http.Request) (*http.Response, error) {
	instances := p.healthy(r.Context())
	if len(instances) == 0 {
		return nil, errors.New("no healthy instance")
	}
	tries := 1
	if (r.Method == http.MethodGet || r.Method == http.MethodHead) && r.ContentLength <= 0 {
		tries = min(3, len(instances))
	}
	first := p.next.Add(1)
	var last error
	for i := range tries {
		address := instances[(first+uint64(i))%uint64(len(instances))]
		out := r.Clone(r.Context())
		out.URL = &url.URL{Scheme: "http", Host: address, Path: r.URL.Path, RawQuery: r.URL.RawQuery}
		response, err := transport.RoundTrip(out)
		if err == nil {
			return response, nil
		}
		last = err
		if r.Context().Err() != nil {
			break
		}
		p.eject(address)
	}
	return nil, last
}

// healthy are the instances that did not fail lately; all of them when all did.
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
