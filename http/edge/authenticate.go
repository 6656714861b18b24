package edge

import (
	"context"
	"net/http"
	"strings"

	"entrepot"
)

// Verifier tells whose a token is; [Keys] is one.
type Verifier interface {
	Verify(token string) (*Claims, error)
}

type (
	tokenErrorKey struct{}
	standingKey   struct{}
)

// companies tells the standing of a company; [Trusted] does.
type companies interface {
	Company(id entrepot.ID) string
}

// Authenticate fills the request's [entrepot.Caller] from its bearer token.
// Without a token the caller stays nobody. A token that does not verify is
// remembered: [TokenError] lets the route answer it, so that a stale token does
// not keep anyone from logging in again.
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

// StandingOf is the standing of the caller's company. Who belongs to no company
// is in full standing.
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

// BearerToken is the token of an Authorization header.
func BearerToken(header string) (string, bool) {
	scheme, token, ok := strings.Cut(header, " ")
	return token, ok && strings.EqualFold(scheme, "Bearer") && token != ""
}

// TokenError is why the request's token was refused; nil when it was not.
func TokenError(ctx context.Context) error {
	err, _ := ctx.Value(tokenErrorKey{}).(error)
	return err
}
