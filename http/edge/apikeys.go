package edge

import (
	"context"
	"crypto/sha256"
	"strings"
	"time"

	"entrepot"

	lru "github.com/hashicorp/golang-lru/v2"
)

// KeyPrefix begins every API key: "ek_<id>_<secret>".
const KeyPrefix = "ek_"

// keyAge is the lifetime of a cached verification, and so the longest delay until a revocation takes effect.
const keyAge = 750 * time.Millisecond

// keyCacheCap bounds the cached keys, valid and invalid together.
const keyCacheCap = 8192

// APIKeys verifies API keys and caches the results for 750 ms.
type APIKeys struct {
	ask func(ctx context.Context, id entrepot.ID, hash []byte) (*Claims, error)
	now func() time.Time

	known *lru.Cache[string, knownKey]
}

type knownKey struct {
	claims *Claims
	err    error
	until  time.Time
}

// NewAPIKeys returns a verifier. ask returns the claims of a key by its id and the SHA-256 hash of its secret, or
// CodeNotFound if the key is invalid. now is nil for the wall clock.
func NewAPIKeys(
	ask func(ctx context.Context, id entrepot.ID, hash []byte) (*Claims, error), now func() time.Time,
) *APIKeys {
	if now == nil {
		now = time.Now
	}
	known, _ := lru.New[string, knownKey](keyCacheCap) // an error only for a size below 1
	return &APIKeys{ask: ask, now: now, known: known}
}

var errKey = entrepot.Errorf(entrepot.CodeUnauthenticated, "the API key is not valid")

// Verify returns the claims of a key. The error of an invalid key is CodeUnauthenticated.
func (k *APIKeys) Verify(key string) (*Claims, error) {
	now := k.now()
	known, ok := k.known.Get(key)
	if ok && now.Before(known.until) {
		return known.claims, known.err
	}
	id, secret, ok := strings.Cut(strings.TrimPrefix(key, KeyPrefix), "_")
	if !ok || !entrepot.ValidID(id) || secret == "" || len(secret) > 100 {
		return nil, errKey
	}
	hash := sha256.Sum256([]byte(secret))
	system := entrepot.WithCaller(context.Background(), entrepot.SystemCaller("api key"))
	ctx, cancel := context.WithTimeout(system, 2*time.Second)
	defer cancel()
	claims, err := k.ask(ctx, id, hash[:])
	switch {
	case entrepot.CodeOf(err) == entrepot.CodeNotFound:
		err = errKey
	case err != nil: // unknown, so not cached
		return nil, err
	}
	k.known.Add(strings.Clone(key), knownKey{claims, err, now.Add(keyAge)}) // alone, not with the request's other headers
	return claims, err
}
