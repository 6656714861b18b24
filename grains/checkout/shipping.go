package checkout

import (
	"context"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/shipping/shippingpb"

	"google.golang.org/protobuf/proto"
)

// EffectiveShipping is the shop's own set of rules, or the company's when it has none.
func EffectiveShipping(ctx context.Context, a grains.Asker, company, shop entrepot.ID) (v *shippingpb.Shipping, own *shippingpb.Shipping, err error) {
	if own, err = AskShipping(ctx, a, company, shop, &shippingpb.Get{}); err != nil || own.GetRules() != nil {
		return own, own, err
	}
	v, err = AskShipping(ctx, a, company, "", &shippingpb.Get{})
	return v, own, err
}

func AskShipping(ctx context.Context, a grains.Asker, company, shop entrepot.ID, cmd proto.Message) (*shippingpb.Shipping, error) {
	return grains.Ask[*shippingpb.Shipping](ctx, a, shippingpb.Kind, shippingpb.ID(company, shop), cmd)
}
