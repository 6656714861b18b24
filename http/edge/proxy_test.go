package edge

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"entrepot"
)

type found []string

func proxyKeys(t *testing.T) *Keys {
	t.Helper()
	return newKeys(t, &clock{at: time.Unix(1_800_000_000, 0)})
}

func (f found) Find(context.Context, string) []string { return f }

func instance(t *testing.T, h http.HandlerFunc) (address string, s *httptest.Server) {
	s = httptest.NewServer(h)
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://"), s
}

func TestProxyStripsAndRestoresPrefix(t *testing.T) {
	address, _ := instance(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", r.URL.Path+"/1")
		w.Header().Set("Content-Security-Policy", "twice")
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, r.URL.RequestURI()+" "+r.Header.Get("Authorization"))
	})
	h := Chain(NewProxy("sales", proxyKeys(t), found{address}, "/api/v1", "/api"), SecurityHeaders())
	for _, prefix := range []string{"/api", "/api/v1"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, prefix+"/orders?a=b", strings.NewReader("{}"))
		r.Header.Set("Authorization", "Bearer x")
		h.ServeHTTP(w, r)
		if w.Code != http.StatusCreated || w.Body.String() != "/orders?a=b Bearer x" ||
			w.Header().Get("Location") != prefix+"/orders/1" {
			t.Errorf("%d %s %v", w.Code, w.Body, w.Header())
		}
		if csp := w.Header().Values("Content-Security-Policy"); len(csp) != 1 || csp[0] == "twice" {
			t.Errorf("Content-Security-Policy %v", csp)
		}
	}
}

func TestProxyEjectsFailingInstance(t *testing.T) {
	var good atomic.Int64
	address, _ := instance(t, func(http.ResponseWriter, *http.Request) { good.Add(1) })
	dead, s := instance(t, nil)
	s.Close()
	p := NewProxy("sales", proxyKeys(t), found{dead, address}, "/api")
	for range 10 {
		w := httptest.NewRecorder()
		p.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/orders", nil))
		if w.Code != http.StatusOK {
			t.Fatalf("read with one dead instance: %d, want 200", w.Code)
		}
	}
	if good.Load() != 10 {
		t.Errorf("%d responses of the living instance", good.Load())
	}
}

// A request to an instance that dies may have been executed, so the proxy repeats only safe requests.
func TestProxyRepeatsOnlySafeRequests(t *testing.T) {
	for _, c := range []struct {
		name, method, key string
		tries             int64
		code              entrepot.Code
	}{
		{"an order", http.MethodPost, "", 1, entrepot.CodeUnknownOutcome},
		{"a change", http.MethodPut, "", 1, entrepot.CodeUnknownOutcome},
		{"an order with a key", http.MethodPost, "k", 3, entrepot.CodeUnknownOutcome},
		{"a read", http.MethodGet, "", 3, entrepot.CodeUnavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			var tries atomic.Int64
			address, _ := instance(t, func(w http.ResponseWriter, r *http.Request) {
				if body, _ := io.ReadAll(r.Body); r.Method != http.MethodGet && string(body) != "{}" {
					t.Errorf("body %q", body)
				}
				tries.Add(1)
				c, _, err := w.(http.Hijacker).Hijack()
				if err == nil {
					_ = c.Close()
				}
			})
			w := httptest.NewRecorder()
			r := httptest.NewRequest(c.method, "/api/orders", strings.NewReader("{}"))
			if c.method == http.MethodGet {
				r = httptest.NewRequest(c.method, "/api/orders", nil)
			}
			r.Header.Set("Idempotency-Key", c.key)
			NewProxy("sales", proxyKeys(t), found{address, address, address, address}, "/api").ServeHTTP(w, r)
			if p := problemIn(t, w); p.Code != c.code || w.Header().Get("Retry-After") == "" || tries.Load() != c.tries {
				t.Errorf("response %s after %d tries", w.Body, tries.Load())
			}
		})
	}
}

// A request that could not be sent was not executed, so the proxy sends it to another instance.
func TestProxySendsOrderToLivingInstance(t *testing.T) {
	var got atomic.Value
	address, _ := instance(t, func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got.Store(string(b))
	})
	dead, s := instance(t, nil)
	s.Close()
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, "/api/orders", strings.NewReader(`{"a":1}`))
	p := NewProxy("sales", proxyKeys(t), found{dead, address}, "/api")
	p.next.Store(^uint64(0)) // the dead instance first
	p.next.Add(^uint64(0))
	p.ServeHTTP(w, r)
	if w.Code != http.StatusOK || got.Load() != `{"a":1}` {
		t.Errorf("status %d, the instance received %v", w.Code, got.Load())
	}
}

// Status 503 means that a request was not executed, so the proxy repeats reads elsewhere.
func TestProxyRepeatsReadsOfBusyInstance(t *testing.T) {
	busy, _ := instance(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	free, _ := instance(t, func(http.ResponseWriter, *http.Request) {})
	p := NewProxy("sales", proxyKeys(t), found{busy, free}, "/api")
	for range 4 {
		w := httptest.NewRecorder()
		p.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/orders", nil))
		if w.Code != http.StatusOK {
			t.Fatalf("status %d, want 200", w.Code)
		}
	}
}

func TestProxyWithoutInstances(t *testing.T) {
	w := httptest.NewRecorder()
	NewProxy("sales", proxyKeys(t), found{}, "/api").ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/orders", nil))
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "sales") {
		t.Errorf("response %d %s", w.Code, w.Body)
	}
}
