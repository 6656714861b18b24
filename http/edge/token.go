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
		k.cache.put(token, &c) // what this process signed it need not verify
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
		k.cache.put(token, c)
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
