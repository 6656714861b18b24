package edge

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"net/http"

	"entrepot/grains"
)

// Trace continues the client's W3C trace context or starts a new one (version 00, sampled), which commands and events
// then carry.
func Trace() Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			parent := r.Header.Get("Traceparent")
			if !validTraceparent(parent) {
				parent = newTraceparent()
				r.Header["Traceparent"] = []string{parent} // for a proxied service
			}
			next.ServeHTTP(w, r.WithContext(grains.WithTrace(r.Context(), parent)))
		})
	}
}

// newTraceparent returns a header with random ids. They identify requests and protect nothing, so a fast source is
// enough. Neither id may be all zero.
func newTraceparent() string {
	var b [24]byte
	for i := 0; i < len(b); i += 8 {
		binary.BigEndian.PutUint64(b[i:], rand.Uint64()|1) //nolint:gosec // ids are not secret
	}
	var s [55]byte
	copy(s[:], "00-")
	hex.Encode(s[3:35], b[:16])
	s[35] = '-'
	hex.Encode(s[36:52], b[16:])
	copy(s[52:], "-01")
	return string(s[:])
}

// validTraceparent reports whether s is a traceparent header of version 00:
// https://www.w3.org/TR/trace-context/#traceparent-header.
func validTraceparent(s string) bool {
	if len(s) != 55 || s[:3] != "00-" || s[35] != '-' || s[52] != '-' {
		return false
	}
	return lowerHex(s[3:35]) && lowerHex(s[36:52]) && lowerHex(s[53:]) &&
		s[3:35] != "00000000000000000000000000000000" && s[36:52] != "0000000000000000"
}

func lowerHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
