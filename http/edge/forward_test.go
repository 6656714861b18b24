package edge

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"entrepot"
)

// behind returns a gateway in front of one service, which calls seen. direct reaches the service without the gateway.
func behind(t *testing.T, gateway, service *Keys, seen func(*http.Request)) (front, direct http.Handler) {
	t.Helper()
	limits := NewLimiter(1, time.Hour, nil)
	direct = Chain(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen(r) }),
		Standard(Config{Tokens: service, Gateways: service, Limits: Limits{Callers: limits}})...)
	s := httptest.NewServer(direct)
	t.Cleanup(s.Close)
	proxy := NewProxy("sales", gateway, found{strings.TrimPrefix(s.URL, "http://")}, "/api")
	return Chain(proxy, Standard(Config{Tokens: gateway})...), direct
}

// The service takes the caller, the address and the request id from the gateway, and does not count the rate again.
func TestACallerIsVerifiedOnce(t *testing.T) {
	t.Parallel()
	c := &clock{at: time.Now()}
	k := newKeys(t, c)
	token, _, err := k.Sign(ada)
	if err != nil {
		t.Fatal(err)
	}
	var got entrepot.Caller
	var refused error
	front, _ := behind(
		t, k, k, func(r *http.Request) { got, refused = entrepot.CallerFrom(r.Context()), TokenError(r.Context()) },
	)
	ask := func(token string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(
			t.Context(), http.MethodPost, "/api/orders/a%20b?x=1&y=%2F", strings.NewReader("{}"),
		)
		r.RemoteAddr, r.Header["X-Request-Id"], r.Header["User-Agent"] = "192.0.2.9:1", []string{"request-17"}, []string{"test"}
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		w := httptest.NewRecorder()
		front.ServeHTTP(w, r)
		return w
	}
	want := entrepot.Caller{
		UserID: ada.UserID, Email: ada.Email, Role: ada.Role, CompanyID: ada.CompanyID, ShopIDs: ada.ShopIDs,
		RequestID: "request-17", IP: "192.0.2.9", UserAgent: "test",
	}
	for range 3 { // the service's own limit is 1
		if w := ask(token); w.Code != http.StatusOK || !reflect.DeepEqual(got, want) || refused != nil {
			t.Fatalf("status %d, the service sees caller %+v, token error %v", w.Code, got, refused)
		}
	}
	if ask(""); got.UserID != "" || got.IP != "192.0.2.9" || refused != nil {
		t.Fatalf("without a token the service sees %+v, %v", got, refused)
	}
	if ask("let me in"); got.UserID != "" || entrepot.CodeOf(refused) != entrepot.CodeUnauthenticated {
		t.Fatalf("with a forged token the service sees %+v, %v", got, refused)
	}
}

// A gateway ignores the caller header. A service ignores it without a gateway's recent signature over this request.
func TestACallerIsNeverTakenFromOutside(t *testing.T) {
	t.Parallel()
	c := &clock{at: time.Now()}
	k, stranger := newKeys(t, c), newKeys(t, c)
	var got entrepot.Caller
	front, direct := behind(t, k, k, func(r *http.Request) { got = entrepot.CallerFrom(r.Context()) })
	admin := entrepot.WithCaller(t.Context(), entrepot.Caller{UserID: ada.UserID, Role: entrepot.SuperAdmin})
	seal := func(k *Keys, method, target string) string {
		s, err := k.sealCaller(admin, method, target)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	good := seal(k, "GET", "/orders")
	kid, rest, _ := strings.Cut(good, ".")
	for name, sent := range map[string]struct {
		to             http.Handler
		header, target string
		later          time.Duration
		believed       bool
	}{
		"a gateway's own":             {direct, good, "/orders", 0, true},
		"sent to a gateway":           {front, good, "/api/orders", 0, false},
		"of a stranger's keys":        {direct, seal(stranger, "GET", "/orders"), "/orders", 0, false},
		"of another request":          {direct, good, "/orders/1", 0, false},
		"of another method":           {direct, seal(k, "DELETE", "/orders"), "/orders", 0, false},
		"late":                        {direct, good, "/orders", forwardAge + time.Second, false},
		"cut":                         {direct, good[:len(good)-2], "/orders", 0, false},
		"without a signature":         {direct, good[:strings.LastIndexByte(good, '.')], "/orders", 0, false},
		"of a key that is not known":  {direct, strings.Repeat("x", len(kid)) + "." + rest, "/orders", 0, false},
		"empty parts":                 {direct, "..", "/orders", 0, false},
		"not even that":               {direct, "x", "/orders", 0, false},
		"claims that were changed":    {direct, strings.Replace(good, ".", ".A", 1), "/orders", 0, false},
		"a gateway's own, once again": {direct, good, "/orders", 0, true},
	} {
		got = entrepot.Caller{}
		c.add(sent.later)
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, sent.target, nil)
		r.RemoteAddr = name + ":1" // a different address for the limit each time
		r.Header.Set(headerCaller, sent.header)
		sent.to.ServeHTTP(httptest.NewRecorder(), r)
		if (got.Role == entrepot.SuperAdmin) != sent.believed {
			t.Errorf("%s: %+v", name, got)
		}
		c.add(-sent.later)
	}
}

// BenchmarkForward measures signing and verifying the caller of a proxied request.
func BenchmarkForward(b *testing.B) {
	k := newKeys(b, &clock{at: time.Now()})
	ctx := entrepot.WithCaller(b.Context(), entrepot.Caller{
		UserID: ada.UserID, Email: ada.Email, Role: ada.Role, CompanyID: ada.CompanyID, ShopIDs: ada.ShopIDs,
		RequestID: "request-17", IP: "192.0.2.9",
	})
	for b.Loop() {
		s, err := k.sealCaller(ctx, "POST", "/orders")
		if err != nil {
			b.Fatal(err)
		}
		if _, err := k.openCaller(s, "POST", "/orders"); err != nil {
			b.Fatal(err)
		}
	}
}
