package product

import (
	"time"

	"entrepot"
)

// Sellable returns an active variant; false if there is none with the id. A product without variants is
// its own variant, with the id "" or the product's id.
func (x *Product) Sellable(variantID entrepot.ID) (Variant, bool) {
	if len(x.Variants) == 0 {
		if variantID != "" && variantID != x.ID {
			return Variant{}, false
		}
		return Variant{ID: x.ID, SKU: x.SKU, Image: x.Image}, true
	}
	for _, v := range x.Variants {
		if v.ID == variantID && !v.Inactive {
			return v, true
		}
	}
	return Variant{}, false
}

// PriceOf returns the unit price of a variant in a shop at a time, in minor units: the shop's price,
// else the variant's, else the product's; or the sale price if it is lower.
func (x *Product) PriceOf(variantID, shopID entrepot.ID, now time.Time) int64 {
	price := x.ListPrice(variantID, shopID)
	if sale := x.Sale.at(price, now); sale < price {
		return sale
	}
	return price
}

// ListPrice returns PriceOf without the sale.
func (x *Product) ListPrice(variantID, shopID entrepot.ID) int64 {
	price := x.Price
	for _, v := range x.Variants {
		if v.ID == variantID && v.Price != nil {
			price = *v.Price
		}
	}
	exact := false
	for _, p := range x.ShopPrices {
		switch {
		case p.ShopID != shopID:
		case p.VariantID != "" && p.VariantID == variantID:
			price, exact = p.Price, true
		case p.VariantID == "" && !exact:
			price = p.Price
		}
	}
	return price
}

// at returns the sale's price for a list price; the list price itself outside the sale's time.
func (x *Sale) at(price int64, now time.Time) int64 {
	ms := now.UnixMilli()
	switch {
	case x == nil || (x.Price == 0 && x.Percent == 0):
		return price
	case x.StartsAt > ms || (x.EndsAt != 0 && x.EndsAt <= ms):
		return price
	case x.Percent > 0:
		return Off(price, x.Percent)
	default:
		return x.Price
	}
}

// Off returns a price less a percentage. The reduction is rounded half up.
func Off(price, percent int64) int64 {
	return price - (price/100)*percent - (price%100*percent+50)/100
}
