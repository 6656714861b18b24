package checkout

import (
	"context"
	"testing"
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/ecommerce/product"
	"entrepot/grains/shop/shop"
)

// shelf is an asker with one product, whose shops are all active.
type shelf struct{ product *product.Product }

func (s shelf) Ask(_ context.Context, to grains.Ref, _ any, _ ...grains.Option) (grains.Answer, error) {
	if to.Kind == product.Name {
		return grains.Answer{Value: s.product}, nil
	}
	return grains.Answer{Value: &shop.Shop{IsActive: true}}, nil
}

// A product with variants is sold by the variant, at the current price of the shop.
func TestOffered(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1_750_000_000_000)
	id := func(s string) entrepot.ID { return entrepot.DeriveID(s) }
	shirt := &product.Product{
		ID: id("shirt"), Name: "Shirt", SKU: "SH", Status: "active", Price: 2000, Currency: "EUR", ShopIDs: []string{
			id("north"), id("south"),
		},
		Variants: []product.Variant{
			{ID: id("S"), SKU: "SH-S", Options: []product.Attribute{{Name: "size", Value: "S"}, {Name: "colour", Value: "red"}}},
			{ID: id("L"), SKU: "SH-L", Price: new(int64(2500))},
			{ID: id("gone"), Inactive: true},
		},
		ShopPrices: []product.ShopPrice{{ShopID: id("south"), Price: 1000}},
		Sale:       &product.Sale{Percent: 10, StartsAt: now.UnixMilli()},
	}
	mug := &product.Product{
		ID: id("mug"), Name: "Mug", SKU: "MUG", Status: "active", Price: 700, Currency: "EUR",
		ShopIDs: []string{id("north")},
	}
	for name, c := range map[string]struct {
		of            *product.Product
		variant, shop entrepot.ID
		at            time.Time
		price         int64
		called        string
		code          entrepot.Code
		field         string
	}{
		"no variant named":   {shirt, "", "", now, 0, "", entrepot.CodeInvalid, "x.variantId"},
		"an unknown one":     {shirt, id("XL"), "", now, 0, "", entrepot.CodeNotFound, "x.variantId"},
		"an inactive one":    {shirt, id("gone"), "", now, 0, "", entrepot.CodeNotFound, "x.variantId"},
		"of no variants":     {mug, id("S"), "", now, 0, "", entrepot.CodeNotFound, "x.variantId"},
		"another shop":       {mug, "", id("south"), now, 0, "", entrepot.CodeInvalid, "x.shopId"},
		"the product itself": {mug, "", "", now, 700, "Mug", "", ""},
		"by its own id":      {mug, id("mug"), id("north"), now, 700, "Mug", "", ""},
		"on sale":            {shirt, id("S"), "", now, 1800, "Shirt (S, red)", "", ""},
		"before the sale":    {shirt, id("S"), "", now.Add(-time.Millisecond), 2000, "Shirt (S, red)", "", ""},
		"at its own price":   {shirt, id("L"), "", now, 2250, "Shirt", "", ""},
		"at the shop's":      {shirt, id("L"), id("south"), now, 900, "Shirt", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var selling SellingShops
			selling.Init(func() time.Time { return c.at })
			o, err := selling.offered(t.Context(), shelf{c.of}, "x.", c.of.ID, c.variant, c.shop)
			if entrepot.CodeOf(err) != c.code {
				t.Fatalf("%v, want code %q", err, c.code)
			}
			if err != nil {
				if fields := entrepot.AsError(err).Fields; len(fields) != 1 || fields[0].Field != c.field {
					t.Fatalf("%+v", fields)
				}
				return
			}
			if o.Price != c.price || o.Name() != c.called || o.ShopID == "" || (c.variant != "" && o.Variant.ID != c.variant) {
				t.Fatalf("%+v, called %s", o, o.Name())
			}
		})
	}
}

// Lines of one variant and shop become one line, whether the shop is named or not.
func TestMerge(t *testing.T) {
	t.Parallel()
	v := func(id string) product.Variant { return product.Variant{ID: id} }
	lines, err := merge([]Line{
		{At: 0, Quantity: 1, Offer: Offer{Variant: v("a"), ShopID: "1"}},
		{At: 1, Quantity: 2, Offer: Offer{Variant: v("b"), ShopID: "1"}},
		{At: 2, WantShop: "1", Quantity: 4, Offer: Offer{Variant: v("a"), ShopID: "1"}},
		{At: 3, Quantity: 8, Offer: Offer{Variant: v("a"), ShopID: "2"}},
	})
	if err != nil || len(lines) != 3 || lines[0].Quantity != 5 || lines[1].Quantity != 2 || lines[2].Quantity != 8 {
		t.Fatalf("%+v, %v", lines, err)
	}
}
