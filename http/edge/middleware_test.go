package edge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/wire"
)

// serve sends a request through the middleware to a handler.
func serve(t *testing.T, req *http.Request, h http.HandlerFunc, ms ...Middleware) *httptest.ResponseRecorder {
	t.Helper()
	rec := httptest.NewRecorder()
	Chain(h, ms...).ServeHTTP(rec, req)
	return rec
}

func get(t *testing.T, headers ...string) *http.Request {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return req
}

func ok(http.ResponseWriter, *http.Request) {}

func problemIn(t *testing.T, rec *httptest.ResponseRecorder) Problem {
	t.Helper()
	var p Problem
	if err := json.Unmarshal(rec.Body.Bytes(), &p); err != nil ||
		rec.Header().Get("Content-Type") != "application/problem+json" || p.Status != rec.Code {
		t.Errorf("want a problem, got %d %q %v", rec.Code, rec.Body, err)
	}
	return p
}

func TestRequestID(t *testing.T) {
	t.Parallel()
	for sent, kept := range map[string]bool{
		"request-1": true, "": false, "short": false, "with space and more": false, strings.Repeat("x", 129): false,
		"line\nbreak-id": false,
	} {
		var c entrepot.Caller
		rec := serve(
			t, get(t, "X-Request-Id", sent),
			func(_ http.ResponseWriter, r *http.Request) { c = entrepot.CallerFrom(r.Context()) }, RequestID(nil),
		)
		id := rec.Header().Get("X-Request-Id")
		if (id == sent) != kept || id != c.RequestID || id == "" {
			t.Errorf("id %q became %q, caller %+v", sent, id, c)
		}
	}
}

func TestClientAddress(t *testing.T) {
	t.Parallel()
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for _, c := range []struct{ remote, forwarded, want string }{
		{"192.0.2.1:5", "198.51.100.7", "192.0.2.1"}, // the peer is not trusted
		{"10.0.0.1:5", "", "10.0.0.1"},
		{"10.0.0.1:5", "203.0.113.9, 198.51.100.7, 10.0.0.2", "198.51.100.7"},
		{"10.0.0.1:5", "nonsense", "10.0.0.1"},
	} {
		req := get(t, "X-Forwarded-For", c.forwarded)
		req.RemoteAddr = c.remote
		if got := clientIP(req, trusted); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

// requester is a cluster that calls the function with each command.
type requester func(*wire.Command)

func (r requester) Request(_ context.Context, _, _ string, msg any) (any, error) {
	r(msg.(*wire.Command))
	return &wire.Reply{Body: grains.Done{}}, nil
}

func TestTrace(t *testing.T) {
	t.Parallel()
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	for sent, kept := range map[string]bool{
		parent: true, "": false, strings.ToUpper(parent): false, parent + "x": false,
		"00-00000000000000000000000000000000-b7ad6b7169203331-01": false, "ff" + parent[2:]: false,
	} {
		var trace string
		serve(t, get(t, "Traceparent", sent), func(_ http.ResponseWriter, r *http.Request) {
			_, _ = (&grains.Client{Members: requester(func(c *wire.Command) { trace = c.TraceParent })}).
				Ask(r.Context(), grains.Ref{}, grains.Wake{})
		}, Trace())
		if (trace == sent) != kept || !validTraceparent(trace) {
			t.Errorf("traceparent %q became %q", sent, trace)
		}
	}
}

func TestSecurityHeaders(t *testing.T) {
	t.Parallel()
	rec := serve(
		t, get(t), func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Security-Policy", "own") },
		SecurityHeaders(),
	)
	again := serve(t, get(t), ok, SecurityHeaders())
	for name, value := range map[string]string{ // repeated here, so that a header removed from the code is noticed
		"Content-Security-Policy":      "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
		"Strict-Transport-Security":    "max-age=31536000; includeSubDomains",
		"X-Content-Type-Options":       "nosniff",
		"X-Frame-Options":              "DENY",
		"Referrer-Policy":              "no-referrer",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Cache-Control":                "no-store",
	} {
		if got := again.Header().Get(name); got != value {
			t.Errorf("%s: %q", name, got)
		}
	}
	if rec.Header().Get("Content-Security-Policy") != "own" || rec.Header().Get("Server") != "" {
		t.Errorf("headers %v", rec.Header())
	}
}

func TestCORS(t *testing.T) {
	t.Parallel()
	cors := CORS([]string{"https://shop.example"})
	for origin, allowed := range map[string]bool{
		"https://shop.example": true, "https://evil.example": false, "null": false, "https://shop.example.evil": false,
	} {
		req := get(t, "Origin", origin, "Access-Control-Request-Method", "POST")
		req.Method = http.MethodOptions
		rec := serve(
			t, req, func(http.ResponseWriter, *http.Request) { t.Error("the preflight request reached the handler") }, cors,
		)
		if got := rec.Header().Get("Access-Control-Allow-Origin"); (got == origin) != allowed || (got != "") != allowed ||
			rec.Code != http.StatusNoContent {
			t.Errorf("%s: %d %q", origin, rec.Code, got)
		}
		if rec := serve(
			t, get(t, "Origin", origin), ok, cors,
		); (rec.Header().Get("Access-Control-Allow-Origin") != "") != allowed || rec.Header().Get("Vary") != "Origin" {
			t.Errorf("%s: %v", origin, rec.Header())
		}
	}
}

func TestRecover(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	rec := serve(t, get(t, "X-Request-Id", "request-1"), func(http.ResponseWriter, *http.Request) { panic("secret") },
		RequestID(nil), Recover(slog.New(slog.NewTextHandler(&log, nil))))
	if p := problemIn(t, rec); p.Status != 500 || p.RequestID != "request-1" ||
		strings.Contains(rec.Body.String(), "secret") {
		t.Errorf("response %s", rec.Body)
	}
	if !strings.Contains(log.String(), "secret") || !strings.Contains(log.String(), "request-1") {
		t.Errorf("logged %s", &log)
	}
}

func TestAccessLog(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]string{200: "", 404: "level=INFO", 500: "level=WARN"} {
		var log bytes.Buffer
		serve(
			t, get(t), func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) },
			AccessLog(slog.New(slog.NewTextHandler(&log, nil)), false),
		)
		if !strings.Contains(log.String(), want) || (want == "") != (log.Len() == 0) ||
			strings.Count(log.String(), "\n") > 1 {
			t.Errorf("status %d logged %q", status, &log)
		}
	}
}

func TestBodyLimit(t *testing.T) {
	t.Parallel()
	read := func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			WriteProblem(w, r, TooLarge(4))
		}
	}
	for body, status := range map[string]int{"1234": 200, "12345": 413} {
		for _, announced := range []bool{true, false} {
			req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body))
			if !announced {
				req.ContentLength = -1
			}
			if rec := serve(t, req, read, BodyLimit(4)); rec.Code != status {
				t.Errorf("body %q, Content-Length %v: status %d", body, announced, rec.Code)
			}
		}
	}
}

func TestBound(t *testing.T) {
	t.Parallel()
	inside, leave := make(chan struct{}), make(chan struct{})
	h := Chain(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Slow") != "" {
			close(inside)
			<-leave
		}
	}), NewPlaces(1, time.Millisecond).Bound())
	done := make(chan struct{})
	slow := get(t, "Slow", "1")
	go func() { defer close(done); h.ServeHTTP(httptest.NewRecorder(), slow) }()
	<-inside
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, get(t))
	if p := problemIn(t, rec); p.Code != entrepot.CodeUnavailable || rec.Header().Get("Retry-After") != "1" {
		t.Errorf("status %d, headers %v", rec.Code, rec.Header())
	}
	close(leave)
	<-done
	rec = httptest.NewRecorder()
	if h.ServeHTTP(rec, get(t)); rec.Code != 200 {
		t.Errorf("status %d with a free place, want 200", rec.Code)
	}
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	serve(t, get(t), func(_ http.ResponseWriter, r *http.Request) {
		if d, ok := r.Context().Deadline(); !ok || time.Until(d) > time.Minute {
			t.Error("no deadline")
		}
	}, Timeout(time.Minute))
}

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	c := &clock{at: time.Unix(1_800_000_000, 0)}
	k := newKeys(t, c)
	token, _, _ := k.Sign(ada)
	for header, user := range map[string]string{
		"Bearer " + token: ada.UserID, "bearer " + token: ada.UserID, "": "", "Bearer x": "", "Bearer": "", "Basic YTpi": "",
	} {
		serve(t, get(t, "Authorization", header), func(_ http.ResponseWriter, r *http.Request) {
			c := entrepot.CallerFrom(r.Context())
			if c.UserID != user || (TokenError(r.Context()) != nil) != (header != "" && user == "") || c.RequestID == "" {
				t.Errorf("%.10s: %+v, %v", header, c, TokenError(r.Context()))
			}
		}, RequestID(nil), Authenticate(k))
	}
}

func TestLimiter(t *testing.T) {
	t.Parallel()
	c := &clock{at: time.Unix(1_800_000_000, 0)}
	l := NewLimiter(2, time.Minute, c.now)
	take := func(key string, want bool) {
		t.Helper()
		if a := l.Take(key); a.OK != want {
			t.Errorf("%s: %+v", key, a)
		}
	}
	take("a", true)
	take("a", true)
	take("a", false)
	take("b", true)
	l.Give("a")
	take("a", true)
	take("a", false)
	c.add(time.Minute)
	take("a", true)
	take("a", false)
	for i := range 2 * limiterShards * limiterShardCap {
		l.Take(string(rune(i + 0x10000)))
	}
	for i := range l.shards {
		if n := len(l.shards[i].buckets); n > limiterShardCap {
			t.Fatalf("shard %d holds %d keys", i, n)
		}
	}
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	c := &clock{at: time.Unix(1_800_000_000, 0)}
	h := Chain(http.HandlerFunc(ok), RequestID(nil), RateLimit(Limits{Callers: NewLimiter(1, time.Minute, c.now)}))
	for i, status := range []int{200, 429} {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, get(t))
		if rec.Code != status || rec.Header().Get("RateLimit-Limit") != "1" ||
			rec.Header().Get("RateLimit-Remaining") != "0" {
			t.Errorf("%d: %d %v", i, rec.Code, rec.Header())
		}
		if status == 429 && rec.Header().Get("Retry-After") != "60" {
			t.Errorf("Retry-After %q", rec.Header().Get("Retry-After"))
		}
	}
}

// Probes have their own rate, so that other clients at the same address cannot make the service look dead.
func TestProbesHaveOwnRate(t *testing.T) {
	t.Parallel()
	c := &clock{at: time.Unix(1_800_000_000, 0)}
	h := RateLimit(Limits{Callers: NewLimiter(1, time.Minute, c.now)})(http.HandlerFunc(ok))
	for i, want := range []struct {
		path   string
		status int
	}{{"/", 200}, {"/", 429}, {"/ready", 200}, {"/health", 429}, {"/", 429}} {
		r := get(t)
		r.URL.Path = want.path
		rec := httptest.NewRecorder()
		if h.ServeHTTP(rec, r); rec.Code != want.status {
			t.Errorf("request %d: %s returned %d", i, want.path, rec.Code)
		}
	}
}

// The requests of a tenant over its rate are served one after another at that rate, whatever the number of
// connections. Requests that would wait too long are refused, and a cancelled request returns its token.
func TestATenantOverItsRateIsServedEvenly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const every, wait = 10 * time.Millisecond, 100 * time.Millisecond
		tenants := NewLimiter(1, every, nil)
		h := RateLimit(Limits{Callers: NewLimiter(1000, time.Hour, nil), Tenants: tenants, Wait: wait})(http.HandlerFunc(ok))
		caller := entrepot.Caller{UserID: "u", CompanyID: "c", Role: entrepot.CompanyAdmin}
		ask := func(ctx context.Context) int {
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, get(t).WithContext(entrepot.WithCaller(ctx, caller)))
			return rec.Code
		}
		start := time.Now()
		var mu sync.Mutex
		var served []time.Duration
		var asking sync.WaitGroup
		refused := 0
		for range 20 {
			asking.Go(func() {
				status := ask(t.Context())
				mu.Lock()
				defer mu.Unlock()
				if status == http.StatusOK {
					served = append(served, time.Since(start))
				} else {
					refused++
				}
			})
		}
		asking.Wait()
		slices.Sort(served)
		for i, at := range served {
			if at != time.Duration(i)*every {
				t.Errorf("request %d was served after %v", i, at)
			}
		}
		if len(served) != 1+int(wait/every) || refused != 20-len(served) {
			t.Errorf("%d served, %d refused", len(served), refused)
		}
		left, cancel := context.WithTimeout(t.Context(), every/2)
		defer cancel()
		_ = ask(t.Context()) // takes the last token
		if status := ask(left); status == http.StatusOK {
			t.Error("cancelled request was served")
		}
		if a := tenants.Reserve("c", every); a.Wait > every {
			t.Errorf("cancelled request did not return its token: %+v", a)
		}
	})
}

func TestProblemHidesTheUnknown(t *testing.T) {
	t.Parallel()
	p := ProblemOf(context.Background(), errors.New("secret"))
	if p.Status != 500 || p.Code != entrepot.CodeInternal || strings.Contains(p.Detail, "secret") {
		t.Errorf("problem %+v", p)
	}
	if p := ProblemOf(context.Background(), &entrepot.Error{Code: "new", Message: "secret"}); p.Status != 500 ||
		strings.Contains(p.Detail, "secret") {
		t.Errorf("unknown code: %+v, want internal", p)
	}
}
