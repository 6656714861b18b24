package product

import (
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
)

// public is the product as events tell it.
func (s *State) public() events.Product {
	p := events.Product{
		ProductID: s.ID, CompanyID: s.CompanyID, ShopIDs: slices.Clone(s.ShopIDs), SKU: s.SKU, Name: s.Name,
		Description: s.Description, Category: s.Category, Brand: s.Brand,
		Price: s.amount(s.Price), Currency: s.Currency, Status: s.Status, Image: s.Image,
		Tags: slices.Clone(s.Tags), Rating: s.rating(), CreatedAt: s.createdAt(), UpdatedAt: time.UnixMilli(s.UpdatedAt).UTC(),
	}
	for _, v := range s.Variants {
		p.Variants = append(p.Variants, s.publicVariant(v))
	}
	for _, a := range s.Attributes {
		p.Attributes = append(p.Attributes, events.ProductAttribute{Name: a.Name, Value: a.Value})
	}
	for _, i := range s.Images {
		p.Images = append(p.Images, i.ID)
	}
	if s.OnSale {
		p.Sale = &events.ProductSale{Price: s.amount(s.priceNow()), Percent: s.Sale.Percent}
		if s.Sale.EndsAt != 0 {
			ends := time.UnixMilli(s.Sale.EndsAt).UTC()
			p.Sale.EndsAt = &ends
		}
	}
	return p
}

func (s *State) publicVariant(v StoredVariant) events.ProductVariant {
	out := events.ProductVariant{VariantID: v.ID, SKU: v.SKU, Barcode: v.Barcode, Options: make(map[string]string, len(v.Values)), Inactive: v.Inactive}
	for i, o := range s.Options {
		out.Options[o.Name] = v.Values[i]
	}
	price := s.Price
	if v.Price != nil {
		price = *v.Price
	}
	out.Price = s.amount(price)
	return out
}

func (s *State) rating() *events.ProductRating {
	var count, sum int64
	for i, n := range s.Rating {
		count += n
		sum += n * int64(i+1)
	}
	if count == 0 {
		return nil
	}
	return &events.ProductRating{Average: float64((sum*100+count/2)/count) / 100, Count: count}
}

func (s *State) amount(minor int64) entrepot.Amount {
	return entrepot.Money{Minor: minor, Currency: s.Currency}.Amount()
}

// View is the whole product.
func (s *State) View() *Product {
	p := &Product{
		ID: s.ID, CompanyID: s.CompanyID, ShopIDs: slices.Clone(s.ShopIDs), SKU: s.SKU, Name: s.Name,
		Description: s.Description, Category: s.Category, Brand: s.Brand, Price: s.Price,
		Currency: s.Currency, Status: s.Status, Image: s.Image, CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt, Version: s.Version,
		Tags: slices.Clone(s.Tags), PublishAt: s.PublishAt, UnpublishAt: s.UnpublishAt, RatingCounts: slices.Clone(s.Rating),
	}
	for _, o := range s.Options {
		p.Options = append(p.Options, Option{Name: o.Name, Values: slices.Clone(o.Values)})
	}
	for _, v := range s.Variants {
		p.Variants = append(p.Variants, s.viewOf(v))
	}
	for _, a := range s.Attributes {
		p.Attributes = append(p.Attributes, Attribute{Name: a.Name, Value: a.Value})
	}
	for _, x := range s.ShopPrices {
		p.ShopPrices = append(p.ShopPrices, ShopPrice{ShopID: x.ShopID, VariantID: x.VariantID, Price: x.Price})
	}
	if s.Sale != nil {
		p.Sale = &Sale{Price: s.Sale.Price, Percent: s.Sale.Percent, StartsAt: s.Sale.StartsAt, EndsAt: s.Sale.EndsAt}
	}
	for _, i := range s.Images {
		p.Images = append(p.Images, Image{ID: i.ID, Alt: i.Alt, Width: i.Width, Height: i.Height})
	}
	return p
}

func (s *State) viewOf(v StoredVariant) Variant {
	out := Variant{ID: v.ID, SKU: v.SKU, Image: v.Image, Barcode: v.Barcode, WeightGrams: v.WeightGrams, Inactive: v.Inactive}
	if v.Price != nil {
		price := *v.Price
		out.Price = &price
	}
	for i, o := range s.Options {
		out.Options = append(out.Options, Attribute{Name: o.Name, Value: v.Values[i]})
	}
	return out
}

func (s *State) createdAt() time.Time { return time.UnixMilli(s.CreatedAt).UTC() }
