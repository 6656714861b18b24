package query

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// AtOnce is the maximum number of grains that a request queries at a time.
const AtOnce = 8

// Each calls work for 0 to n-1, some at a time, and returns the first error.
func Each(ctx context.Context, n int, work func(ctx context.Context, i int) error) error {
	if n == 1 {
		return work(ctx, 0)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(AtOnce)
	for i := range n {
		g.Go(func() error { return work(ctx, i) })
	}
	return g.Wait()
}
