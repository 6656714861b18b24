package grains

import (
	"context"
	"fmt"
	"runtime/debug"

	"golang.org/x/sync/errgroup"
)

// FanOut calls work for 0 to n-1, at most limit at a time, waits for all calls and returns the first
// error. The error cancels the context of the other calls. A panic of a call is an error too: on a
// goroutine without a recover it would end the process.
func FanOut(ctx context.Context, limit, n int, work func(ctx context.Context, i int) error) error {
	if n == 1 {
		return recovered(ctx, 0, work)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(limit)
	for i := range n {
		g.Go(func() error { return recovered(ctx, i, work) })
	}
	return g.Wait()
}

// recovered makes one call and returns its panic as an error.
func recovered(ctx context.Context, i int, work func(ctx context.Context, i int) error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return work(ctx, i)
}
