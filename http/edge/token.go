package edge

import (
	"crypto/rand"
	"errors"
	"strconv"
	"strings"
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

	// Scopes are an API key's; a token has none.
	Scopes []string `json:"-"`

	// Session is the login that the token belongs to, and Issued the moment of the
	// user's own clock that its content is as of. They make the jti,
	// "<session>.<moment><random>", and are read from it. Sign makes up what is zero.
	Session string    `json:"-"`
	Issued  time.Time `json:"-"`
}

// momentDigits is how many digits of base 36 hold a moment in Unix ms, until the year 5188.
const momentDigits = 9

func tokenID(session string, issued time.Time) string {
	moment := strconv.FormatInt(issued.UnixMilli(), 36)
	return session + "." + strings.Repeat("0", max(0, momentDigits-len(moment))) + moment + rand.Text()
}

// readID takes the jti apart; a token without a session or moment is not ours.
func (c *Claims) readID() bool {
	session, rest, ok := strings.Cut(c.ID, ".")
	if !ok || session == "" || len(rest) <= momentDigits {
		return false
	}
	ms, err := strconv.ParseInt(rest[:momentDigits], 36, 64)
	c.Session, c.Issued = session, time.UnixMilli(ms)
	return err == nil
}

// tokenType stands in the header of access tokens, so that no other token of
// the same keys (a refresh token) passes for one.
const tokenType = "access"

var errToken = entrepot.Errorf(entrepot.CodeUnauthenticated, "the token is not valid; log in again")

// Sign makes an access token for the user in c and answers when it expires.
// The registered claims are set here.
func (k *Keys) Sign(c Claims) (token string, expires time.Time, err error) {
	k.follow(k.o.Now())
	now := k.o.Now().Truncate(time.Second)
	expires = now.Add(k.o.TTL)
	if c.Session == "" {
		c.Session = entrepot.NewID()
	}
	if c.Issued.IsZero() {
		c.Issued = k.o.Now()
	}
	c.RegisteredClaims = jwt.RegisteredClaims{
		Issuer: k.o.Issuer, Audience: jwt.ClaimStrings{k.o.Audience}, ID: tokenID(c.Session, c.Issued),
		IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(expires),
	}
	c.Scopes, c.ShopIDs = nil, append([]entrepot.ID{}, c.ShopIDs...) // it is kept
	set := k.set.Load()
	key := &set.keys[set.signer(k.o.Now())]
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, c)
	t.Header["kid"], t.Header["typ"] = key.id, tokenType
	if token, err = t.SignedString(key.private); err != nil {
		return "", expires, err
	}
	if c.readID() && entrepot.ValidID(c.UserID) && knownRole(c.Role) && k.set.Load() == set {
		k.cache.put(token, &c, now) // what this process signed it need not verify
	}
	return token, expires, nil
}

// Verify answers the claims of a token that one of the keys signed, that is for
// us, and that has not expired. Any other gives a CodeUnauthenticated error that
// says no more. A token is verified once and then known until it expires; where
// it was signed it is known from the beginning.
func (k *Keys) Verify(token string) (*Claims, error) {
	now := k.o.Now()
	k.follow(now)
	if c := k.cache.get(token, now); c != nil {
		return c, nil
	}
	set := k.set.Load()
	c, err := k.parse(token)
	if err != nil {
		return nil, err
	}
	if k.set.Load() == set { // else a key may have gone meanwhile
		k.cache.put(token, c, now)
	}
	return c, nil
}

// parse checks a token that is not known yet.
func (k *Keys) parse(token string) (*Claims, error) {
	c := &Claims{}
	_, err := jwt.ParseWithClaims(token, c, k.keyOf,
		jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}),
		jwt.WithIssuer(k.o.Issuer), jwt.WithAudience(k.o.Audience),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithStrictDecoding(),
		jwt.WithTimeFunc(k.o.Now))
	if err != nil || !c.readID() || c.IssuedAt == nil || !entrepot.ValidID(c.UserID) || !knownRole(c.Role) {
		return nil, errToken
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

// tokenCache knows verified tokens, whole, until they expire: Go's map hashes
// and compares one in a tenth of the time that a SHA-256 of it takes.
type tokenCache struct{ shards [64]tokenShard }

type tokenShard struct {
	mu     sync.RWMutex
	tokens map[string]*Claims
}

// tokenShardCap bounds the cache to 32,768 tokens, of about half a KiB.
const tokenShardCap = 512

func (c *tokenCache) init() { c.clear() }

func (c *tokenCache) clear() {
	for i := range c.shards {
		c.shards[i].mu.Lock()
		c.shards[i].tokens = map[string]*Claims{}
		c.shards[i].mu.Unlock()
	}
}

// shard is chosen by a digit in the signature, which is as good as random.
func (c *tokenCache) shard(token string) *tokenShard {
	if len(token) < 8 {
		return &c.shards[0]
	}
	return &c.shards[token[len(token)-8]%uint8(len(c.shards))]
}

func (c *tokenCache) get(token string, now time.Time) *Claims {
	s := c.shard(token)
	s.mu.RLock()
	claims := s.tokens[token]
	s.mu.RUnlock()
	if claims == nil || !now.Before(claims.ExpiresAt.Time) {
		return nil
	}
	return claims
}

func (c *tokenCache) put(token string, claims *Claims, now time.Time) {
	s := c.shard(token)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.tokens) >= tokenShardCap {
		s.evict(now)
	}
	s.tokens[strings.Clone(token)] = claims // alone, not with the request's other headers
}

// evict makes room for one token: of a few, drawn by the map's random order, all
// that have expired go, or else one.
func (s *tokenShard) evict(now time.Time) {
	drawn, last := 0, ""
	for token, c := range s.tokens {
		if last = token; !now.Before(c.ExpiresAt.Time) {
			delete(s.tokens, token)
		}
		if drawn++; drawn == 8 {
			break
		}
	}
	if len(s.tokens) >= tokenShardCap {
		delete(s.tokens, last)
	}
}
