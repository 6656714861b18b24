package edge

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"sync"
	"time"

	"entrepot"

	"github.com/golang-jwt/jwt/v5"
)

// Claims are what an access token says: the claims of the specification, and
// iss, aud and jti. Claims that were verified are shared; do not change them.
type Claims struct {
	UserID    entrepot.ID   `json:"userId"`
	Email     string        `json:"email"`
	Role      entrepot.Role `json:"role"`
	CompanyID entrepot.ID   `json:"companyId"`
	ShopIDs   []entrepot.ID `json:"shopIds"`
	jwt.RegisteredClaims
}

// tokenType stands in the header of access tokens, so that no other token of
// the same keys (a refresh token) passes for one.
const tokenType = "access"

var errToken = entrepot.Errorf(entrepot.CodeUnauthenticated, "the token is not valid; log in again")

// Sign makes an access token for the user in c and answers when it expires.
// The registered claims are set here.
func (k *Keys) Sign(c Claims) (token string, expires time.Time, err error) {
	now := k.o.Now().Truncate(time.Second)
	expires = now.Add(k.o.TTL)
	c.RegisteredClaims = jwt.RegisteredClaims{
		Issuer: k.o.Issuer, Audience: jwt.ClaimStrings{k.o.Audience}, ID: entrepot.NewID(),
		IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(expires),
	}
	if c.ShopIDs == nil {
		c.ShopIDs = []entrepot.ID{}
	}
	set := k.set.Load()
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, c)
	t.Header["kid"], t.Header["typ"] = set.signKid, tokenType
	token, err = t.SignedString(set.sign)
	return token, expires, err
}

// Verify answers the claims of a token that one of the keys signed, that is for
// us, and that has not expired. Any other gives a CodeUnauthenticated error that
// says no more. A token is verified once and then known by its hash.
func (k *Keys) Verify(token string) (*Claims, error) {
	var onStack [1024]byte // a token fits, so its hash costs no memory
	hash := sha256.Sum256(append(onStack[:0], token...))
	now := k.o.Now()
	if c := k.cache.get(hash, now); c != nil {
		return c, nil
	}
	set := k.set.Load()
	c := &Claims{}
	_, err := jwt.ParseWithClaims(token, c, k.keyOf,
		jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}),
		jwt.WithIssuer(k.o.Issuer), jwt.WithAudience(k.o.Audience),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithStrictDecoding(),
		jwt.WithTimeFunc(k.o.Now))
	if err != nil || c.ID == "" || c.IssuedAt == nil || !entrepot.ValidID(c.UserID) || !knownRole(c.Role) {
		return nil, errToken
	}
	if k.set.Load() == set { // else a key may have gone meanwhile
		k.cache.put(hash, c, now)
	}
	return c, nil
}

func (k *Keys) keyOf(t *jwt.Token) (any, error) {
	kid, _ := t.Header["kid"].(string)
	if typ, _ := t.Header["typ"].(string); typ != tokenType {
		return nil, errors.New("not an access token")
	}
	if p, ok := k.key(kid); ok {
		return p, nil
	}
	return nil, errors.New("unknown kid")
}

func knownRole(r entrepot.Role) bool {
	switch r {
	case entrepot.SuperAdmin, entrepot.CompanyAdmin, entrepot.ShopManager, entrepot.ShopStaff, entrepot.Customer:
		return true
	default:
		return false // the platform itself has no token
	}
}

// tokenCache knows verified tokens by their SHA-256 until they expire.
type tokenCache struct{ shards [64]tokenShard }

type tokenShard struct {
	mu     sync.RWMutex
	tokens map[[sha256.Size]byte]*Claims
}

// tokenShardCap bounds the cache to 65,536 tokens.
const tokenShardCap = 1024

func (c *tokenCache) init() { c.clear() }

func (c *tokenCache) clear() {
	for i := range c.shards {
		c.shards[i].mu.Lock()
		c.shards[i].tokens = map[[sha256.Size]byte]*Claims{}
		c.shards[i].mu.Unlock()
	}
}

func (c *tokenCache) shard(h [sha256.Size]byte) *tokenShard {
	return &c.shards[binary.LittleEndian.Uint16(h[:])%uint16(len(c.shards))]
}

func (c *tokenCache) get(h [sha256.Size]byte, now time.Time) *Claims {
	s := c.shard(h)
	s.mu.RLock()
	claims := s.tokens[h]
	s.mu.RUnlock()
	if claims == nil || !now.Before(claims.ExpiresAt.Time) {
		return nil
	}
	return claims
}

func (c *tokenCache) put(h [sha256.Size]byte, claims *Claims, now time.Time) {
	s := c.shard(h)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.tokens) >= tokenShardCap {
		s.evict(now)
	}
	s.tokens[h] = claims
}

// evict makes room for one token: of a few, drawn by the map's random order, all
// that have expired go, or else one.
func (s *tokenShard) evict(now time.Time) {
	drawn, last := 0, [sha256.Size]byte{}
	for h, c := range s.tokens {
		if last = h; !now.Before(c.ExpiresAt.Time) {
			delete(s.tokens, h)
		}
		if drawn++; drawn == 8 {
			break
		}
	}
	if len(s.tokens) >= tokenShardCap {
		delete(s.tokens, last)
	}
}
