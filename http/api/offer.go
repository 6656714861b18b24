package api

import (
	"context"
	"slices"
	"strings"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/product"
	"entrepot/grains/product/productpb"
)

// offer is a variant of a product that may be bought now, who sells it, and what
// one piece costs there.
type offer struct {
	product *productpb.Product
	variant *productpb.Variant
	shopID  entrepot.ID
	price   int64 // minor units of the product's currency
}

// offered finds what a line names; where is the prefix of its fields ("items[1].").
func (s *sellingShops) offered(ctx context.Context, a grains.Asker, where string, productID, variantID, shopID entrepot.ID) (offer, error) {
	p, err := askProduct(ctx, a, productID)
	switch {
	case entrepot.CodeOf(err) == entrepot.CodeNotFound:
		return offer{}, missing(where+"productId", "no such product")
	case err != nil:
		return offer{}, err
	}
	if err = soldBy(p, where, shopID); err != nil {
		return offer{}, err
	}
	variant, is := p.Sellable(variantID)
	switch {
	case !is && variantID == "":
		return offer{}, entrepot.Invalid(where+"variantId", "required", "the product comes in variants: name one")
	case !is:
		return offer{}, missing(where+"variantId", "no such variant")
	}
	if shopID, err = s.pick(ctx, a, where, shopID, p.ShopIds); err != nil {
		return offer{}, err
	}
	return offer{p, variant, shopID, p.PriceOf(variant.Id, shopID, s.known.now())}, nil
}

// name is what a line is called: the product, and what its variant is.
func (o offer) name() string {
	if len(o.variant.Options) == 0 {
		return o.product.Name
	}
	values := make([]string, 0, len(o.variant.Options))
	for _, v := range o.variant.Options {
		values = append(values, v.Value)
	}
	return o.product.Name + " (" + strings.Join(values, ", ") + ")"
}

// soldBy checks that the shop sells the product, or without a shop that any does.
func soldBy(p *productpb.Product, where string, shopID entrepot.ID) error {
	switch {
	case p.Status != product.StatusActive:
		return missing(where+"productId", "no such product")
	case len(p.ShopIds) == 0:
		return entrepot.Errorf(entrepot.CodeConflict, "%sproductId: no shop sells the product", where)
	case shopID != "" && !slices.Contains(p.ShopIds, shopID):
		return entrepot.Invalid(where+"shopId", "soldBy", "the shop does not sell the product")
	default:
		return nil
	}
}
