package ecommerce

import (
	"time"

	"entrepot"
	"entrepot/grains/ecommerce/product"
	"entrepot/http/api/ecommerce/form"
	"entrepot/http/rest"
)

// ProductView is a product as the API shows it.
type ProductView struct {
	ID          entrepot.ID          `json:"id"`
	CompanyID   entrepot.ID          `json:"companyId"`
	ShopIDs     []entrepot.ID        `json:"shopIds"`
	SKU         string               `json:"sku"`
	Name        string               `json:"name"`
	Description string               `json:"description,omitempty"`
	Category    string               `json:"category,omitempty"`
	Brand       string               `json:"brand,omitempty"`
	Price       entrepot.Amount      `json:"price" doc:"current price"`
	ListPrice   entrepot.Amount      `json:"listPrice,omitempty" doc:"price without the sale; only during a sale"`
	MinPrice    entrepot.Amount      `json:"minPrice,omitempty" doc:"of the variants, where they differ"`
	MaxPrice    entrepot.Amount      `json:"maxPrice,omitempty" doc:"of the variants, where they differ"`
	Currency    string               `json:"currency"`
	Status      string               `json:"status"`
	Image       string               `json:"image,omitempty"`
	Sale        *form.SaleView       `json:"sale,omitempty"`
	Options     []form.OptionBody    `json:"options,omitempty"`
	Variants    []VariantView        `json:"variants,omitempty" doc:"sellable variants; absent: the product itself"`
	Attributes  []form.AttributeBody `json:"attributes,omitempty"`
	Tags        []string             `json:"tags,omitempty"`
	Images      []ImageView          `json:"images,omitempty"`
	Rating      *RatingView          `json:"rating,omitempty" doc:"none: not reviewed yet"`
	InStock     *bool                `json:"inStock,omitempty" doc:"a piece is available; absent while unknown"`
	InShops     []entrepot.ID        `json:"inShops,omitempty" doc:"for single products: selling shops with a piece available"`
	ShopPrices  []form.ShopPriceBody `json:"shopPrices,omitempty" doc:"for staff; shopId shows one shop's price to anyone"`
	PublishAt   *rest.Time           `json:"publishAt,omitempty" doc:"for staff: becomes active then"`
	UnpublishAt *rest.Time           `json:"unpublishAt,omitempty" doc:"for staff: becomes archived then"`
	CreatedAt   rest.Time            `json:"createdAt"`
	UpdatedAt   rest.Time            `json:"updatedAt"`
}

// VariantView is one sellable form of a product.
type VariantView struct {
	ID          entrepot.ID       `json:"id"`
	SKU         string            `json:"sku"`
	Options     map[string]string `json:"options"`
	Price       entrepot.Amount   `json:"price" doc:"current price"`
	ListPrice   entrepot.Amount   `json:"listPrice,omitempty" doc:"only during a sale"`
	Image       string            `json:"image,omitempty"`
	Barcode     string            `json:"barcode,omitempty"`
	WeightGrams int64             `json:"weightGrams,omitempty"`
	Inactive    bool              `json:"inactive,omitempty" doc:"not sold right now"`
	InStock     *bool             `json:"inStock,omitempty" doc:"a piece is available; for single products"`
}

// ImageView is an uploaded image.
type ImageView struct {
	ID     entrepot.ID `json:"id"`
	URL    string      `json:"url" doc:"add ?w=160, 640 or 1280 for a smaller one" example:"/api/products/images/65a1b2c3d4e5f60718293a4b"`
	Alt    string      `json:"alt,omitempty"`
	Width  int32       `json:"width"`
	Height int32       `json:"height"`
}

// RatingView sums the published reviews up.
type RatingView struct {
	Average float64 `json:"average" doc:"1 to 5"`
	Count   int64   `json:"count"`
	Counts  []int64 `json:"counts" doc:"of 1 to 5 stars"`
}

// imagesAt is the path of images at the gateway.
const imagesAt = "/api/products/images/"

// productOf shows what everybody may see: the price now, in a shop if one is named.
func productOf(p *product.Product, shopID entrepot.ID, now time.Time) ProductView {
	v := ProductView{
		ID: p.ID, CompanyID: p.CompanyID, ShopIDs: rest.NotNil(p.ShopIDs), SKU: p.SKU, Name: p.Name, Description: p.Description,
		Category: p.Category, Brand: p.Brand, Currency: p.Currency,
		Status: p.Status, Image: p.Image, Tags: p.Tags, CreatedAt: rest.Time(p.CreatedAt), UpdatedAt: rest.Time(p.UpdatedAt),
	}
	v.Price, v.ListPrice = pricesOf(p, p.ID, shopID, now)
	if s := p.Sale; s != nil && (s.EndsAt == 0 || s.EndsAt > now.UnixMilli()) {
		v.Sale = form.SaleOf(s, p.Currency)
	}
	for _, o := range p.Options {
		v.Options = append(v.Options, form.OptionBody{Name: o.Name, Values: o.Values})
	}
	v.variants(p, shopID, now)
	for _, a := range p.Attributes {
		v.Attributes = append(v.Attributes, form.AttributeBody{Name: a.Name, Value: a.Value})
	}
	for _, i := range p.Images {
		v.Images = append(v.Images, imageOf(i))
	}
	if v.Rating = ratingOf(p.Rating); v.Image == "" && len(v.Images) > 0 {
		v.Image = v.Images[0].URL
	}
	return v
}

func imageOf(i product.Image) ImageView {
	return ImageView{i.ID, imagesAt + i.ID, i.Alt, i.Width, i.Height}
}

// pricesOf is what a variant costs now and, if that is a sale's, else.
func pricesOf(p *product.Product, variantID, shopID entrepot.ID, now time.Time) (price, list entrepot.Amount) {
	without, with := p.ListPrice(variantID, shopID), p.PriceOf(variantID, shopID, now)
	if with != without {
		list = rest.Amount(without, p.Currency)
	}
	return rest.Amount(with, p.Currency), list
}

func (v *ProductView) variants(p *product.Product, shopID entrepot.ID, now time.Time) {
	var least, most int64
	for i, x := range p.Variants {
		w := VariantView{ID: x.ID, SKU: x.SKU, Options: make(map[string]string, len(x.Options)), Image: x.Image, Barcode: x.Barcode, WeightGrams: x.WeightGrams, Inactive: x.Inactive}
		for _, o := range x.Options {
			w.Options[o.Name] = o.Value
		}
		w.Price, w.ListPrice = pricesOf(p, x.ID, shopID, now)
		v.Variants = append(v.Variants, w)
		price := p.PriceOf(x.ID, shopID, now)
		if i == 0 || price < least {
			least = price
		}
		most = max(most, price)
	}
	if least != most {
		v.MinPrice, v.MaxPrice = rest.Amount(least, p.Currency), rest.Amount(most, p.Currency)
	}
}

// forStaff adds what only the company's people see.
func (v *ProductView) forStaff(p *product.Product) {
	for _, x := range p.ShopPrices {
		v.ShopPrices = append(v.ShopPrices, form.ShopPriceBody{ShopID: rest.ID(x.ShopID), VariantID: rest.ID(x.VariantID), Price: rest.Amount(x.Price, p.Currency)})
	}
	v.PublishAt, v.UnpublishAt = rest.TimeOrNone(p.PublishAt), rest.TimeOrNone(p.UnpublishAt)
}

func ratingOf(counts []int64) *RatingView {
	var n, sum int64
	for i, c := range counts {
		n += c
		sum += c * int64(i+1)
	}
	if n == 0 {
		return nil
	}
	return &RatingView{Average: float64((sum*100+n/2)/n) / 100, Count: n, Counts: counts}
}
