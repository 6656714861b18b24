package ecommerce

import (
	"slices"

	"entrepot"
	"entrepot/grains/ecommerce/product"
	"entrepot/persistence/search"
)

// stockOf is what lies where of a product, as the index of the search knows it: a
// moment ago. It is not known where there is no index, or it is being built.
func (d *Deps) stockOf(product entrepot.ID) (levels []search.Stock, known bool) {
	if !d.Search.Ready() {
		return nil, false
	}
	return d.Search.StockOf(product)
}

// stocked adds the availability of the product and its variants, and the shops with a
// piece.
func (v *ProductView) stocked(p *product.Product, levels []search.Stock) {
	has := func(fits func(*search.Stock) bool) bool {
		return slices.ContainsFunc(levels, func(s search.Stock) bool { return s.Available > 0 && fits(&s) })
	}
	in := has(func(*search.Stock) bool { return true })
	v.InStock = &in
	for i := range v.Variants {
		in := has(func(s *search.Stock) bool { return s.VariantID == v.Variants[i].ID })
		v.Variants[i].InStock = &in
	}
	for _, shop := range p.ShopIDs {
		if has(func(s *search.Stock) bool { return s.LocationID == shop }) {
			v.InShops = append(v.InShops, shop)
		}
	}
}
