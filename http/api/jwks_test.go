package api_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

// TestOutsidersVerifyTokens: with what is published and nothing else, also after a rotation.
func TestOutsidersVerifyTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.tokens["customer"]
	if err := w.keys.Rotate(0); err != nil {
		t.Fatal(err)
	}
	w.login(t, "fresh", "customer")
	r := w.want(t, 200, "", "GET", "/api/auth/jwks", nil)
	if known := w.want(t, 200, "", "GET", "/.well-known/jwks.json", nil); string(known.raw) != string(r.raw) {
		t.Errorf("well-known %s", known.raw)
	}
	if !strings.Contains(r.header.Get("Cache-Control"), "max-age") {
		t.Errorf("Cache-Control %q", r.header.Get("Cache-Control"))
	}
	published := map[string]ed25519.PublicKey{}
	for _, k := range r.list("keys") {
		key, _ := k.(map[string]any)
		if len(key) != 6 || key["kty"] != "OKP" || key["crv"] != "Ed25519" || key["alg"] != "EdDSA" || key["use"] != "sig" {
			t.Errorf("published %v", key) // six members: no private one
		}
		x, _ := key["x"].(string)
		raw, err := base64.RawURLEncoding.DecodeString(x)
		if err != nil || len(raw) != ed25519.PublicKeySize {
			t.Fatalf("x %q", x)
		}
		id, _ := key["kid"].(string)
		published[id] = raw
	}
	if len(published) != 2 {
		t.Fatalf("%d keys", len(published))
	}
	for _, token := range []string{before, w.tokens["fresh"]} {
		_, err := jwt.Parse(token, func(t *jwt.Token) (any, error) {
			id, _ := t.Header["kid"].(string)
			return published[id], nil
		}, jwt.WithValidMethods([]string{"EdDSA"}))
		if err != nil {
			t.Error(err)
		}
	}
}
