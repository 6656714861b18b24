package suggest

import (
	"slices"

	"entrepot"
	"entrepot/grains/ecommerce/product"
	"entrepot/persistence/search"
)

// soldOut reports whether a product is known to be out of stock wherever it could be
// sold from: the shop, if one is given, or a warehouse, which may serve that shop.
func soldOut(p *product.Product, levels []search.Stock, shopID entrepot.ID) bool {
	return !slices.ContainsFunc(levels, func(s search.Stock) bool {
		return s.Available > 0 && (shopID == "" || s.LocationID == shopID || !slices.Contains(p.ShopIDs, s.LocationID))
	})
}
