package edge

import (
	"crypto/rand"
	"errors"
	"strconv"
	"strings"
	"time"

	"entrepot"

	"github.com/golang-jwt/jwt/v5"
	lru "github.com/hashicorp/golang-lru/v2"
)

// Claims are the claims of an access token: those of the specification, and iss, aud and jti (RFC 7519). Verified
// claims are shared; do not modify them.
type Claims struct {
	UserID    entrepot.ID   `json:"userId"`
	Email     string        `json:"email"`
	Role      entrepot.Role `json:"role"`
	CompanyID entrepot.ID   `json:"companyId"`
	ShopIDs   []entrepot.ID `json:"shopIds"`
	jwt.RegisteredClaims

	// Scopes are set for API keys only.
	Scopes []string `json:"-"`

	// Session is the token's login, and Issued the time of the user grain at which its content was current. Both are
	// part of the jti, "<session>.<time><random>". Sign replaces zero values.
	Session string    `json:"-"`
	Issued  time.Time `json:"-"`
}

// momentDigits is the number of base-36 digits of a time in Unix ms, which suffices until the year 5188.
const momentDigits = 9

func tokenID(session string, issued time.Time) string {
	moment := strconv.FormatInt(issued.UnixMilli(), 36)
	return session + "." + strings.Repeat("0", max(0, momentDigits-len(moment))) + moment + rand.Text()
}

// readID sets Session and Issued from the jti, and reports whether it has both.
func (c *Claims) readID() bool {
	session, rest, ok := strings.Cut(c.ID, ".")
	if !ok || session == "" || len(rest) <= momentDigits {
		return false
	}
	ms, err := strconv.ParseInt(rest[:momentDigits], 36, 64)
	c.Session, c.Issued = session, time.UnixMilli(ms)
	return err == nil
}

// tokenType is the typ header of access tokens. It distinguishes them from other tokens of the same keys, such as
// refresh tokens.
const tokenType = "access"

var errToken = entrepot.Errorf(entrepot.CodeUnauthenticated, "the token is not valid; log in again")

// Sign returns an access token for the user in c, with the registered claims of k, and its expiry.
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
	c.Scopes, c.ShopIDs = nil, append([]entrepot.ID{}, c.ShopIDs...) // the claims are cached
	set := k.set.Load()
	key := &set.keys[set.signer(k.o.Now())]
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, c)
	t.Header["kid"], t.Header["typ"] = key.id, tokenType
	if token, err = t.SignedString(key.private); err != nil {
		return "", expires, err
	}
	if c.readID() && entrepot.ValidID(c.UserID) && knownRole(c.Role) && k.set.Load() == set {
		k.cache.put(token, &c) // what this process signed it need not verify
	}
	return token, expires, nil
}

// Verify returns the claims of a token that has a valid signature, issuer and audience and has not expired. The error
// is CodeUnauthenticated without details. Valid tokens are cached until they expire; Sign caches its tokens too.
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
		k.cache.put(token, c)
	}
	return c, nil
}

// parse verifies a token that is not cached.
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
		return false // the System role has no tokens
	}
}

// maxTokens bounds the verified tokens that a process caches, of about half a KiB each.
const maxTokens = 32_768

// tokenCache caches the claims of verified tokens. Past its bound the least recently used go first.
type tokenCache struct{ tokens *lru.Cache[string, *Claims] }

func newTokenCache() tokenCache {
	tokens, _ := lru.New[string, *Claims](maxTokens) // an error only for a size below 1
	return tokenCache{tokens}
}

// get returns the token's claims, nil when they are not cached or have expired.
func (c tokenCache) get(token string, now time.Time) *Claims {
	claims, ok := c.tokens.Get(token)
	if !ok || !now.Before(claims.ExpiresAt.Time) {
		return nil
	}
	return claims
}

// put caches a copy of the token's text: the text itself shares memory with the other headers of its request.
func (c tokenCache) put(token string, claims *Claims) { c.tokens.Add(strings.Clone(token), claims) }
