package edge

import (
	"context"
	"net/http"
	"strings"

	"entrepot"
)

// Verifier returns the claims of a valid token. [Keys] and [Trusted] implement it.
type Verifier interface {
	Verify(token string) (*Claims, error)
}

type (
	tokenErrorKey struct{}
	standingKey   struct{}
)

// companies returns the standing of a company. [Trusted] implements it.
type companies interface {
	Company(id entrepot.ID) string
}

// Authenticate fills the request's [entrepot.Caller] from its bearer token. Without a token the caller stays
// anonymous, and with an invalid one too: [TokenError] then returns the error, so that routes without
// authentication, such as login, still work with an expired token.
func Authenticate(tokens Verifier) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			header := r.Header.Get("Authorization")
			if header == "" || isForwarded(r.Context()) {
				next.ServeHTTP(w, r)
				return
			}
			ctx := r.Context()
			claims, err := verify(tokens, header)
			if err != nil {
				ctx = context.WithValue(ctx, tokenErrorKey{}, err)
			} else {
				c := entrepot.CallerFrom(ctx)
				c.UserID, c.Email, c.Role = claims.UserID, claims.Email, claims.Role
				c.CompanyID, c.ShopIDs, c.Scopes = claims.CompanyID, claims.ShopIDs, claims.Scopes
				ctx = withStanding(entrepot.WithCaller(ctx, c), tokens, claims.CompanyID)
			}
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
}

func withStanding(ctx context.Context, tokens Verifier, company entrepot.ID) context.Context {
	k, ok := tokens.(companies)
	if !ok || company == "" {
		return ctx
	}
	if standing := k.Company(company); standing != entrepot.StandingFull {
		return context.WithValue(ctx, standingKey{}, standing)
	}
	return ctx
}

// StandingOf returns the standing of the caller's company; full standing if the caller has no company.
func StandingOf(ctx context.Context) string {
	if standing, ok := ctx.Value(standingKey{}).(string); ok {
		return standing
	}
	return entrepot.StandingFull
}

func verify(tokens Verifier, header string) (*Claims, error) {
	token, ok := BearerToken(header)
	if !ok || tokens == nil {
		return nil, entrepot.Errorf(entrepot.CodeUnauthenticated, "the Authorization header is not a bearer token")
	}
	return tokens.Verify(token)
}

// BearerToken returns the token of an Authorization header; false if it has none (RFC 6750, section 2.1).
func BearerToken(header string) (string, bool) {
	scheme, token, ok := strings.Cut(header, " ")
	return token, ok && strings.EqualFold(scheme, "Bearer") && token != ""
}

// TokenError returns the error of the request's token; nil if the token is valid or absent.
func TokenError(ctx context.Context) error {
	err, _ := ctx.Value(tokenErrorKey{}).(error)
	return err
}
