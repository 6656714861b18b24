package productpb

import (
	"time"

	"entrepot"
)

// Sellable finds a variant that can be bought. A product without variants is its
// own: "" and the product's id name it. A product with variants wants one named.
func (x *Product) Sellable(variantID entrepot.ID) (*Variant, bool) {
	if len(x.GetVariants()) == 0 {
		if variantID != "" && variantID != x.GetId() {
			return nil, false
		}
		return &Variant{Id: x.GetId(), Sku: x.GetSku(), Image: x.GetImage()}, true
	}
	for _, v := range x.GetVariants() {
		if v.GetId() == variantID && !v.GetInactive() {
			return v, true
		}
	}
	return nil, false
}

// PriceOf is what one piece of a variant costs in a shop at a moment, in minor
// units: the shop's price, else the variant's, else the product's; and the sale
// price where that is lower.
func (x *Product) PriceOf(variantID, shopID entrepot.ID, now time.Time) int64 {
	price := x.ListPrice(variantID, shopID)
	if sale := x.GetSale().at(price, now); sale < price {
		return sale
	}
	return price
}

// ListPrice is PriceOf without the sale.
func (x *Product) ListPrice(variantID, shopID entrepot.ID) int64 {
	price := x.GetPriceMinor()
	for _, v := range x.GetVariants() {
		if v.GetId() == variantID && v.PriceMinor != nil {
			price = v.GetPriceMinor()
		}
	}
	exact := false
	for _, p := range x.GetShopPrices() {
		switch {
		case p.GetShopId() != shopID:
		case p.GetVariantId() != "" && p.GetVariantId() == variantID:
			price, exact = p.GetPriceMinor(), true
		case p.GetVariantId() == "" && !exact:
			price = p.GetPriceMinor()
		}
	}
	return price
}

// at is the sale's price of what costs price; price itself outside its time.
func (x *Sale) at(price int64, now time.Time) int64 {
	ms := now.UnixMilli()
	switch {
	case x == nil || (x.GetPriceMinor() == 0 && x.GetPercent() == 0):
		return price
	case x.GetStartsMs() > ms || (x.GetEndsMs() != 0 && x.GetEndsMs() <= ms):
		return price
	case x.GetPercent() > 0:
		return Off(price, x.GetPercent())
	default:
		return x.GetPriceMinor()
	}
}

// Off is a price with a percentage taken off, which is rounded half up.
func Off(price, percent int64) int64 {
	return price - (price/100)*percent - (price%100*percent+50)/100
}
