// Package auth is the HTTP interface of the auth service: logins, sessions, users,
// invitations, API keys and second factors.
package auth

import (
	"log/slog"
	"time"

	"entrepot/grains"
	"entrepot/grains/query"
	"entrepot/http/edge"
	"entrepot/http/rest"
)

// Deps is what the handlers work with.
type Deps struct {
	Asker     grains.Asker
	Store     query.Reader // the service's database
	Tokens    Tokens
	TokenTTL  time.Duration  // of an access token
	Standing  *edge.Standing // refreshed after a withdrawal; nil: other members only
	Passwords *Passwords
	Logins    *LoginGuard // nil: logins are not throttled
	Seal      *edge.Seal  // of the tokens in mails and of second factors
	PublicURL string      // of the web site that mails link to, without a slash at the end
	ShowMails bool        // serve GET /auth/mails
	Now       func() time.Time
	Log       *slog.Logger
}

// Tokens signs and verifies access tokens; *edge.Keys implements it.
type Tokens interface {
	edge.Verifier
	Sign(c edge.Claims) (token string, expires time.Time, err error)
	JWKS() edge.JWKS
}

// Routes returns the routes of the service.
func Routes(d Deps) []rest.Routes { return []rest.Routes{authRoutes(d)} }
