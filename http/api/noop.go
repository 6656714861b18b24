package api

import (
	"context"
	"net/http"
)

// NoOp is the route that does nothing behind the same middleware, token check
// and JSON as all others: the limit that a benchmark compares with. Only the
// benchmark's server mounts it.
func NoOp() Routes {
	return Routes{"benchmark", []Route{
		route(Route{ID: "no-op", Method: http.MethodGet, Path: "/noop", Access: LoggedIn, Summary: "Do nothing"},
			func(context.Context, *struct{}) (*answer[Done], error) { return answerOf(Done{OK: true}), nil }),
	}}
}

// Done is the answer of doing nothing.
type Done struct {
	OK bool `json:"ok"`
}
