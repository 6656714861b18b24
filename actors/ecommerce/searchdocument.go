package ecommerce

import (
	"time"

	"entrepot"
	"entrepot/grains/product"
	"entrepot/grains/product/productpb"
	"entrepot/search"
)

// DocumentOf returns the search document of a product. Its prices are those of the cheapest
// variant.
func DocumentOf(p *productpb.Product) *search.Document {
	d := &search.Document{
		ID: p.Id, CompanyID: p.CompanyId, ShopIDs: p.ShopIds, Active: p.Status == product.StatusActive, Status: p.Status,
		SKU: p.Sku, Name: p.Name, Description: p.Description, Brand: p.Brand, Category: p.Category, Tags: p.Tags,
		Currency: p.Currency, CreatedMs: p.CreatedMs,
	}
	copy(d.Ratings[:], p.RatingCounts)
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
		if _, done := d.ShopPrices[at.ShopId]; !done {
			d.ShopPrices[at.ShopId] = priceOf(p, at.ShopId)
		}
	}
	return d
}

// priceOf is the lowest price of what can be bought, outside and during a sale.
func priceOf(p *productpb.Product, shop entrepot.ID) search.Price {
	lowest := func(at time.Time) int64 {
		low := int64(-1)
		for _, v := range p.Variants {
			if price := p.PriceOf(v.Id, shop, at); !v.Inactive && (low < 0 || price < low) {
				low = price
			}
		}
		if low < 0 {
			low = p.PriceOf(p.Id, shop, at)
		}
		return low
	}
	sale := p.Sale
	if sale == nil || (sale.PriceMinor == 0 && sale.Percent == 0) {
		return search.Price{Regular: lowest(time.UnixMilli(0))}
	}
	during := lowest(time.UnixMilli(sale.StartsMs))
	p.Sale = nil
	regular := lowest(time.UnixMilli(0))
	p.Sale = sale
	return search.Price{Regular: regular, Sale: during, FromMs: sale.StartsMs, UntilMs: sale.EndsMs, OnSale: true}
}
