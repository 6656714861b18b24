package query

import (
	"context"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/product/productpb"
	"entrepot/grains/shop/shoppb"
)

func Product(ctx context.Context, a grains.Asker, id entrepot.ID) (*productpb.Product, error) {
	return grains.Ask[*productpb.Product](ctx, a, productpb.Kind, id, &productpb.Get{})
}

func Shop(ctx context.Context, a grains.Asker, id entrepot.ID) (*shoppb.Shop, error) {
	return grains.Ask[*shoppb.Shop](ctx, a, shoppb.Kind, id, &shoppb.Get{})
}

// AsPlatform acts for the platform, on this caller's behalf.
func AsPlatform(ctx context.Context) context.Context {
	c := entrepot.CallerFrom(ctx)
	as := entrepot.SystemCaller(c.RequestID)
	as.IP, as.UserAgent = c.IP, c.UserAgent
	return entrepot.WithCaller(ctx, as)
}
