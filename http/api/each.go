package api

import (
	"context"
	"strconv"

	"entrepot"

	"golang.org/x/sync/errgroup"
)

// maxAsks is how many grains one request asks at a time.
const maxAsks = 8

// each does work 0..n-1, some at a time, and answers the first error.
func each(ctx context.Context, n int, work func(ctx context.Context, i int) error) error {
	if n == 1 {
		return work(ctx, 0)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(maxAsks)
	for i := range n {
		g.Go(func() error { return work(ctx, i) })
	}
	return g.Wait()
}

// indexed names a field of a list's element: "items[2].productId".
func indexed(list string, i int, field string) string {
	name := list + "[" + strconv.Itoa(i) + "]"
	if field != "" {
		name += "." + field
	}
	return name
}

// missing is the not-found of something that a field names.
func missing(field, message string) *entrepot.Error {
	return &entrepot.Error{
		Code: entrepot.CodeNotFound, Message: field + ": " + message,
		Fields: []entrepot.FieldError{{Field: field, Rule: "exists", Message: message}},
	}
}
