package entrepot

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"sync/atomic"
	"time"
)

// ID identifies an entity: 24 lower-case hexadecimal digits, the text form of a MongoDB ObjectID (4
// bytes of Unix seconds, 5 random bytes, a 3-byte counter). Ids sort by creation time, to the
// second.
type ID = string

var (
	idProcess [5]byte
	idCounter atomic.Uint32
)

func init() {
	var seed [4]byte
	_, _ = rand.Read(idProcess[:]) // crypto/rand.Read never fails
	_, _ = rand.Read(seed[:])
	idCounter.Store(binary.BigEndian.Uint32(seed[:]))
}

// NewID returns a fresh id.
func NewID() ID {
	var b [12]byte
	seconds := uint32(time.Now().Unix()) //nolint:gosec // an ObjectID's seconds are 32 bits by definition
	binary.BigEndian.PutUint32(b[:4], seconds)
	copy(b[4:9], idProcess[:])
	c := idCounter.Add(1)
	b[9], b[10], b[11] = byte(c>>16), byte(c>>8), byte(c) //nolint:gosec // the counter is three bytes by definition
	return hex.EncodeToString(b[:])
}

// DeriveID returns the id determined by the parts. Equal parts give the same id on every member, so
// "the stock item of this product in this shop" or "the order for this key" needs no look-up.
func DeriveID(parts ...string) ID {
	h := sha256.New()
	for _, p := range parts {
		var n [4]byte
		binary.BigEndian.PutUint32(n[:], uint32(len(p))) //nolint:gosec // lengths of names and ids
		h.Write(n[:])
		h.Write([]byte(p))
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// ValidID reports whether s has the form of an [ID].
func ValidID(s string) bool {
	if len(s) != 24 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
