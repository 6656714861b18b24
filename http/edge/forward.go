package edge

import (
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"entrepot"
)

// headerCaller carries the verified caller from the gateway to a service in another process, so that each request
// is authenticated and counted against its rate once.
const headerCaller = "Entrepot-Caller"

// forwardAge is the largest accepted difference between a header's time and the service's clock. It covers clock
// skew and transmission.
const forwardAge = 30 * time.Second

// forwarded is the signed content of the header.
type forwarded struct {
	Caller   entrepot.Caller `json:"c"`
	Standing string          `json:"s,omitempty"` // of the caller's company, unless full
	Refused  bool            `json:"r,omitempty"` // the request has an invalid token
	At       int64           `json:"t"`           // Unix ms
}

// forwardKey derives the HMAC key that gateways and services share from a signing key, which both read.
func forwardKey(private ed25519.PrivateKey) []byte {
	m := hmac.New(sha256.New, private.Seed())
	_, _ = m.Write([]byte("entrepot caller 1")) // never fails
	return m.Sum(nil)
}

// sealCaller returns the header for the context's caller, bound to method and target: "<kid>.<claims>.<mac>", with
// claims and HMAC-SHA256 in base64url.
func (k *Keys) sealCaller(ctx context.Context, method, target string) (string, error) {
	f := forwarded{Caller: entrepot.CallerFrom(ctx), At: k.o.Now().UnixMilli(), Refused: TokenError(ctx) != nil}
	if s := StandingOf(ctx); s != entrepot.StandingFull {
		f.Standing = s
	}
	b, err := json.Marshal(f)
	if err != nil {
		return "", err
	}
	set := k.set.Load()
	kid := set.keys[set.signer(k.o.Now())].id
	text := kid + "." + base64.RawURLEncoding.EncodeToString(b)
	return text + "." + base64.RawURLEncoding.EncodeToString(callerMAC(set.forward[kid], text, method, target)), nil
}

func callerMAC(key []byte, text, method, target string) []byte {
	m := hmac.New(sha256.New, key)
	for _, part := range []string{text, method, target} {
		_, _ = m.Write([]byte(part + "\n")) // never fails
	}
	return m.Sum(nil)
}

var errCaller = errors.New("edge: caller header is not signed by a gateway")

// openCaller returns the header's content if a gateway signed it for this request within forwardAge.
func (k *Keys) openCaller(header, method, target string) (*forwarded, error) {
	at := strings.LastIndexByte(header, '.')
	kid, claims, ok := strings.Cut(header[:max(0, at)], ".")
	if !ok {
		return nil, errCaller
	}
	if _, known := k.key(kid); !known {
		return nil, errCaller
	}
	mac, err := base64.RawURLEncoding.DecodeString(header[at+1:])
	if err != nil || !hmac.Equal(mac, callerMAC(k.set.Load().forward[kid], header[:at], method, target)) {
		return nil, errCaller
	}
	b, err := base64.RawURLEncoding.DecodeString(claims)
	if err != nil {
		return nil, errCaller
	}
	f := &forwarded{}
	if json.Unmarshal(b, f) != nil {
		return nil, errCaller
	}
	if age := k.o.Now().Sub(time.UnixMilli(f.At)); age > forwardAge || age < -forwardAge {
		return nil, errCaller
	}
	return f, nil
}

type forwardedKey struct{}

// isForwarded reports whether a gateway has authenticated and counted the request.
func isForwarded(ctx context.Context) bool { return ctx.Value(forwardedKey{}) != nil }

// Forwarded takes the caller from the signed header of a gateway. It is for the listeners of services; a gateway
// must not use it. A header without a valid signature is ignored.
func Forwarded(k *Keys) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			header := r.Header.Get(headerCaller)
			if header == "" {
				next.ServeHTTP(w, r)
				return
			}
			r.Header.Del(headerCaller)
			f, err := k.openCaller(header, r.Method, r.URL.RequestURI())
			if err != nil {
				next.ServeHTTP(w, r)
				return
			}
			ctx := entrepot.WithCaller(r.Context(), f.Caller)
			ctx = context.WithValue(ctx, forwardedKey{}, true)
			if f.Refused {
				ctx = context.WithValue(ctx, tokenErrorKey{}, error(errToken))
			}
			if f.Standing != "" {
				ctx = context.WithValue(ctx, standingKey{}, f.Standing)
			}
			w.Header()[HeaderRequestID] = []string{f.Caller.RequestID}
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
}
