package checkout

import (
	"context"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/shop/shipping"
)

// EffectiveShipping returns the shop's own shipping rules, or the company's if it has
// none.
func EffectiveShipping(ctx context.Context, a grains.Asker, company, shop entrepot.ID) (v *shipping.Shipping, own *shipping.Shipping, err error) {
	if own, err = AskShipping(ctx, a, company, shop, shipping.Get{}); err != nil || own.Rules != nil {
		return own, own, err
	}
	v, err = AskShipping(ctx, a, company, "", shipping.Get{})
	return v, own, err
}

func AskShipping(ctx context.Context, a grains.Asker, company, shop entrepot.ID, cmd grains.Message[*shipping.Shipping]) (*shipping.Shipping, error) {
	return grains.Ask(ctx, a, shipping.Of(shipping.ID(company, shop)), cmd)
}
