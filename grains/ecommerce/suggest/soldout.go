package suggest

import (
	"slices"

	"entrepot"
	"entrepot/grains/ecommerce/product"
	"entrepot/persistence/search"
)

// soldOut reports whether no location that may sell the product has stock: the shop if one is named,
// or any warehouse, since it may serve that shop.
func soldOut(p *product.Product, levels []search.Stock, shopID entrepot.ID) bool {
	return !slices.ContainsFunc(levels, func(s search.Stock) bool {
		return s.Available > 0 && (shopID == "" || s.LocationID == shopID || !slices.Contains(p.ShopIDs, s.LocationID))
	})
}
