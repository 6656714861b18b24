package ecommerce

import (
	"time"

	"entrepot"
	"entrepot/grains/ecommerce/product"
	"entrepot/persistence/search"
)

// DocumentOf returns the search document of a product. Its prices are those of the cheapest
// variant.
func DocumentOf(p *product.Product) *search.Document {
	d := &search.Document{
		ID: p.ID, CompanyID: p.CompanyID, ShopIDs: p.ShopIDs,
		Active: p.Status == product.Active, Status: p.Status,
		SKU: p.SKU, Name: p.Name, Description: p.Description, Brand: p.Brand, Category: p.Category, Tags: p.Tags,
		Currency: p.Currency, CreatedMs: p.CreatedAt,
	}
	copy(d.Ratings[:], p.Rating)
	for _, a := range p.Attributes {
		d.Attributes = append(d.Attributes, search.Attribute{Name: a.Name, Value: a.Value})
	}
	for _, o := range p.Options {
		for _, v := range o.Values {
			d.Options = append(d.Options, search.Attribute{Name: o.Name, Value: v})
		}
	}
	d.Price = priceOf(p, "")
	for _, at := range p.ShopPrices {
		if d.ShopPrices == nil {
			d.ShopPrices = map[string]search.Price{}
		}
		if _, done := d.ShopPrices[at.ShopID]; !done {
			d.ShopPrices[at.ShopID] = priceOf(p, at.ShopID)
		}
	}
	return d
}

// priceOf returns the lowest price of the active variants in a shop ("" for all shops), outside
// and during the sale.
func priceOf(p *product.Product, shop entrepot.ID) search.Price {
	regular := lowest(p, func(variant entrepot.ID) int64 { return p.ListPrice(variant, shop) })
	sale := p.Sale
	if sale == nil || (sale.Price == 0 && sale.Percent == 0) {
		return search.Price{Regular: regular}
	}
	during := time.UnixMilli(sale.StartsAt)
	return search.Price{
		Regular: regular, Sale: lowest(p, func(variant entrepot.ID) int64 { return p.PriceOf(variant, shop, during) }),
		FromMs: sale.StartsAt, UntilMs: sale.EndsAt, OnSale: true,
	}
}

// lowest returns the lowest price of the active variants, or the product's own price if there are
// none.
func lowest(p *product.Product, priceOf func(variant entrepot.ID) int64) int64 {
	low := int64(-1)
	for _, v := range p.Variants {
		if price := priceOf(v.ID); !v.Inactive && (low < 0 || price < low) {
			low = price
		}
	}
	if low < 0 {
		return priceOf(p.ID)
	}
	return low
}
