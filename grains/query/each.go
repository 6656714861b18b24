package query

import (
	"context"

	"entrepot/grains"
)

// AtOnce is the maximum number of grains that a request queries at a time.
const AtOnce = 8

// Each is [grains.FanOut] with the limit of a request.
func Each(ctx context.Context, n int, work func(ctx context.Context, i int) error) error {
	return grains.FanOut(ctx, AtOnce, n, work)
}
