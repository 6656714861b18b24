package auth_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"strings"
	"testing"

	"entrepot/http/api/apitest"

	"github.com/golang-jwt/jwt/v5"
)

// TestOutsidersVerifyTokens: with what is published and nothing else, also after a rotation.
func TestOutsidersVerifyTokens(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	before := w.Tokens["customer"]
	if err := w.Keys.Rotate(0); err != nil {
		t.Fatal(err)
	}
	w.Login(t, "fresh", "customer")
	r := w.Want(t, 200, "", "GET", "/api/auth/jwks", nil)
	if known := w.Want(t, 200, "", "GET", "/.well-known/jwks.json", nil); string(known.Raw) != string(r.Raw) {
		t.Errorf("well-known %s", known.Raw)
	}
	if !strings.Contains(r.Header.Get("Cache-Control"), "max-age") {
		t.Errorf("Cache-Control %q", r.Header.Get("Cache-Control"))
	}
	published := map[string]ed25519.PublicKey{}
	for _, k := range r.List("keys") {
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
	for _, token := range []string{before, w.Tokens["fresh"]} {
		_, err := jwt.Parse(token, func(t *jwt.Token) (any, error) {
			id, _ := t.Header["kid"].(string)
			return published[id], nil
		}, jwt.WithValidMethods([]string{"EdDSA"}))
		if err != nil {
			t.Error(err)
		}
	}
}
