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

// keyAge is how long what is known of a key is believed; a revocation takes
// effect within it.
const keyAge = 750 * time.Millisecond

// keyCacheCap bounds the keys that are known, and those that are known to be none.
const keyCacheCap = 8192

// APIKeys verify API keys by asking for them.
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

// NewAPIKeys verifies keys by ask, which answers CodeNotFound for one that is not
// good. now is nil for the wall clock.
func NewAPIKeys(ask func(ctx context.Context, id entrepot.ID, hash []byte) (*Claims, error), now func() time.Time) *APIKeys {
	if now == nil {
		now = time.Now
	}
	known, _ := lru.New[string, knownKey](keyCacheCap) // an error only for a size below 1
	return &APIKeys{ask: ask, now: now, known: known}
}

var errKey = entrepot.Errorf(entrepot.CodeUnauthenticated, "the API key is not valid")

// Verify answers whom a key acts for.
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
	ctx, cancel := context.WithTimeout(entrepot.WithCaller(context.Background(), entrepot.SystemCaller("api key")), 2*time.Second)
	defer cancel()
	claims, err := k.ask(ctx, id, hash[:])
	switch {
	case entrepot.CodeOf(err) == entrepot.CodeNotFound:
		err = errKey
	case err != nil: // nobody knows: not remembered
		return nil, err
	}
	k.known.Add(strings.Clone(key), knownKey{claims, err, now.Add(keyAge)}) // alone, not with the request's other headers
	return claims, err
}
