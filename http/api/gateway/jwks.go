package gateway

import (
	"net/http"

	"entrepot/http/api/auth"
	"entrepot/http/rest"
)

// WellKnown is what the gateway answers where outsiders look for it first.
func WellKnown(d Deps) rest.Routes {
	return rest.Routes{Service: "auth", List: []rest.Route{
		rest.Bind(rest.Route{ID: "well-known-jwks", Method: http.MethodGet, Path: "/.well-known/jwks.json", Access: rest.Open, Root: true, Summary: "The keys that tokens are verified with"}, auth.JwksOf(d.Tokens)),
	}}
}
