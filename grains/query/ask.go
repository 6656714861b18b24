package query

import (
	"context"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/ecommerce/product"
	"entrepot/grains/shop/shop"
)

// Product returns a product as the context's caller sees it.
func Product(ctx context.Context, a grains.Asker, id entrepot.ID) (*product.Product, error) {
	return grains.Ask(ctx, a, product.Of(id), product.Get{})
}

// Shop returns a shop as the context's caller sees it.
func Shop(ctx context.Context, a grains.Asker, id entrepot.ID) (*shop.Shop, error) {
	return grains.Ask(ctx, a, shop.Of(id), shop.Get{})
}

// AsPlatform returns a context that acts as the platform, with the request id and the
// address of the context's caller.
func AsPlatform(ctx context.Context) context.Context {
	c := entrepot.CallerFrom(ctx)
	as := entrepot.SystemCaller(c.RequestID)
	as.IP, as.UserAgent = c.IP, c.UserAgent
	return entrepot.WithCaller(ctx, as)
}
