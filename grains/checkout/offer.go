package checkout

import (
	"context"
	"slices"
	"strings"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/ecommerce/product"
	"entrepot/grains/query"
)

// Offer is a variant of a product that may be bought now, with the shop that sells it
// and the price there.
type Offer struct {
	Product *product.Product
	Variant product.Variant
	ShopID  entrepot.ID
	Price   int64 // of one piece, in minor units of the product's currency
}

// offered returns the offer that a line names; where is the prefix of its fields
// ("items[1].").
func (s *SellingShops) offered(
	ctx context.Context, a grains.Asker, where string, productID, variantID, shopID entrepot.ID,
) (Offer, error) {
	p, err := query.Product(ctx, a, productID)
	switch {
	case entrepot.CodeOf(err) == entrepot.CodeNotFound:
		return Offer{}, query.Missing(where+"productId", "no such product")
	case err != nil:
		return Offer{}, err
	}
	if err = soldBy(p, where, shopID); err != nil {
		return Offer{}, err
	}
	variant, is := p.Sellable(variantID)
	switch {
	case !is && variantID == "":
		return Offer{}, entrepot.Invalid(where+"variantId", "required", "the product comes in variants: name one")
	case !is:
		return Offer{}, query.Missing(where+"variantId", "no such variant")
	}
	if shopID, err = s.pick(ctx, a, where, shopID, p.ShopIDs); err != nil {
		return Offer{}, err
	}
	return Offer{p, variant, shopID, p.PriceOf(variant.ID, shopID, s.known.Now())}, nil
}

// Name returns the name of a line: the product's, with the options of its variant.
func (o Offer) Name() string {
	if len(o.Variant.Options) == 0 {
		return o.Product.Name
	}
	values := make([]string, 0, len(o.Variant.Options))
	for _, v := range o.Variant.Options {
		values = append(values, v.Value)
	}
	return o.Product.Name + " (" + strings.Join(values, ", ") + ")"
}

// soldBy returns an error unless the shop sells the product, or any shop if none is
// named.
func soldBy(p *product.Product, where string, shopID entrepot.ID) error {
	switch {
	case p.Status != product.Active:
		return query.Missing(where+"productId", "no such product")
	case len(p.ShopIDs) == 0:
		return entrepot.Errorf(entrepot.CodeConflict, "%sproductId: no shop sells the product", where)
	case shopID != "" && !slices.Contains(p.ShopIDs, shopID):
		return entrepot.Invalid(where+"shopId", "soldBy", "the shop does not sell the product")
	default:
		return nil
	}
}
