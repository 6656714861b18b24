package edge

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

type found []string

func (f found) Find(context.Context, string) []string { return f }

func instance(t *testing.T, h http.HandlerFunc) (address string, s *httptest.Server) {
	s = httptest.NewServer(h)
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://"), s
}

func TestProxyStripsItsPrefixAndPutsItBack(t *testing.T) {
	address, _ := instance(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", r.URL.Path+"/1")
		w.Header().Set("Content-Security-Policy", "twice")
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, r.URL.RequestURI()+" "+r.Header.Get("Authorization"))
	})
	h := Chain(NewProxy("sales", found{address}, "/api/v1", "/api"), SecurityHeaders())
	for _, prefix := range []string{"/api", "/api/v1"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, prefix+"/orders?a=b", strings.NewReader("{}"))
		r.Header.Set("Authorization", "Bearer x")
		h.ServeHTTP(w, r)
		if w.Code != http.StatusCreated || w.Body.String() != "/orders?a=b Bearer x" || w.Header().Get("Location") != prefix+"/orders/1" {
			t.Errorf("%d %s %v", w.Code, w.Body, w.Header())
		}
		if csp := w.Header().Values("Content-Security-Policy"); len(csp) != 1 || csp[0] == "twice" {
			t.Errorf("%v", csp)
		}
	}
}

func TestProxyLeavesAFailingInstanceAlone(t *testing.T) {
	var good atomic.Int64
	address, _ := instance(t, func(http.ResponseWriter, *http.Request) { good.Add(1) })
	dead, s := instance(t, nil)
	s.Close()
	p := NewProxy("sales", found{dead, address}, "/api")
	for range 10 {
		w := httptest.NewRecorder()
		p.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/orders", nil))
		if w.Code != http.StatusOK {
			t.Fatalf("a read that the other instance can answer: %d", w.Code)
		}
	}
	if good.Load() != 10 {
		t.Errorf("%d answers", good.Load())
	}
}

func TestProxyDoesNotRepeatAnOrder(t *testing.T) {
	var tries atomic.Int64
	address, _ := instance(t, func(w http.ResponseWriter, _ *http.Request) {
		tries.Add(1)
		c, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_ = c.Close() // dies after it was asked
		}
	})
	w := httptest.NewRecorder()
	NewProxy("sales", found{address, address}, "/api").ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/api/orders", strings.NewReader("{}")))
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || tries.Load() != 1 {
		t.Errorf("%d after %d tries", w.Code, tries.Load())
	}
}

func TestProxyWithoutAnInstanceSaysSo(t *testing.T) {
	w := httptest.NewRecorder()
	NewProxy("sales", found{}, "/api").ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/orders", nil))
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "sales") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
