package gateway

import (
	"net/http"

	"entrepot/http/api/auth"
	"entrepot/http/rest"
)

// WellKnown returns the route of the token keys at the path that other systems look up
// first.
func WellKnown(d Deps) rest.Routes {
	return rest.Routes{Service: "auth", List: []rest.Route{
		rest.Bind(rest.Route{
			ID: "well-known-jwks", Method: http.MethodGet, Path: "/.well-known/jwks.json", Access: rest.Open,
			Root: true, Summary: "Get token verification keys",
		}, auth.JwksOf(d.Tokens)),
	}}
}
