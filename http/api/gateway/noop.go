package gateway

import (
	"context"
	"net/http"

	"entrepot/http/rest"
)

// NoOp is the route that does nothing behind the same middleware, token check
// and JSON as all others: the limit that a benchmark compares with. Only the
// benchmark's server mounts it.
func NoOp() rest.Routes {
	return rest.Routes{Service: "benchmark", List: []rest.Route{
		rest.Bind(rest.Route{
			ID: "no-op", Method: http.MethodGet, Path: "/noop", Access: rest.LoggedIn, Summary: "Do nothing",
		},
			func(context.Context, *struct{}) (*rest.Answer[Done], error) {
				return rest.AnswerOf(Done{OK: true}), nil
			}),
	}}
}

// Done is the answer of doing nothing.
type Done struct {
	OK bool `json:"ok"`
}
