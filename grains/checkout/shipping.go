package checkout

import (
	"context"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/shop/shipping"
)

// EffectiveShipping returns the rules that are in force for the shop: its own, or the
// company's if it has none. The second result is the shop's own.
func EffectiveShipping(
	ctx context.Context, a grains.Asker, company, shop entrepot.ID,
) (v, own *shipping.Shipping, err error) {
	if own, err = AskShipping(ctx, a, company, shop, shipping.Get{}); err != nil || own.Rules != nil {
		return own, own, err
	}
	v, err = AskShipping(ctx, a, company, "", shipping.Get{})
	return v, own, err
}

// AskShipping sends a message to the shipping rules of a shop, or of the company if
// shop is empty.
func AskShipping(
	ctx context.Context, a grains.Asker, company, shop entrepot.ID, cmd grains.Message[*shipping.Shipping],
) (*shipping.Shipping, error) {
	return grains.Ask(ctx, a, shipping.Of(shipping.ID(company, shop)), cmd)
}
