package edge

import (
	"encoding/base64"
	"maps"
	"slices"
)

// JWKS is a JSON Web Key Set (RFC 7517) of Ed25519 public keys (RFC 8037), so that other systems can verify tokens
// with any JOSE library.
type JWKS struct {
	Keys []JWK `json:"keys"`
}

// JWK is one Ed25519 public key.
type JWK struct {
	Type      string `json:"kty" example:"OKP"`
	Curve     string `json:"crv" example:"Ed25519"`
	ID        string `json:"kid"`
	Use       string `json:"use" example:"sig"`
	Algorithm string `json:"alg" example:"EdDSA"`
	X         string `json:"x" doc:"the key, base64url"`
}

// JWKS returns all public keys, sorted by id, including keys that do not sign yet.
func (k *Keys) JWKS() JWKS {
	k.follow(k.o.Now())
	set := k.set.Load()
	out := JWKS{Keys: make([]JWK, 0, len(set.public))}
	for _, id := range slices.Sorted(maps.Keys(set.public)) {
		out.Keys = append(out.Keys, JWK{
			Type: "OKP", Curve: "Ed25519", ID: id, Use: "sig", Algorithm: "EdDSA",
			X: base64.RawURLEncoding.EncodeToString(set.public[id]),
		})
	}
	return out
}
