package product

import (
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
)

// public returns the product as it is published.
func (s *State) public() events.Product {
	p := events.Product{
		ProductID: s.ID, CompanyID: s.CompanyID, ShopIDs: slices.Clone(s.ShopIDs), SKU: s.SKU, Name: s.Name,
		Description: s.Description, Category: s.Category, Brand: s.Brand,
		Price: s.amount(s.Price), Currency: s.Currency, Status: s.Status, Image: s.Image,
		Tags: slices.Clone(s.Tags), Rating: s.rating(),
		CreatedAt: s.createdAt(), UpdatedAt: time.UnixMilli(s.UpdatedAt).UTC(),
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

func (s *State) publicVariant(v Variant) events.ProductVariant {
	out := events.ProductVariant{
		VariantID: v.ID, SKU: v.SKU, Barcode: v.Barcode, Inactive: v.Inactive,
		Options: make(map[string]string, len(v.Options)),
	}
	for _, o := range v.Options {
		out.Options[o.Name] = o.Value
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

// View returns a copy of the product.
func (s *State) View() *Product {
	p := s.Product
	p.ShopIDs, p.Tags, p.Rating = slices.Clone(s.ShopIDs), slices.Clone(s.Tags), slices.Clone(s.Rating)
	p.Attributes, p.ShopPrices = slices.Clone(s.Attributes), slices.Clone(s.ShopPrices)
	p.Images, p.Options, p.Variants = slices.Clone(s.Images), slices.Clone(s.Options), slices.Clone(s.Variants)
	for i := range p.Options {
		p.Options[i].Values = slices.Clone(p.Options[i].Values)
	}
	for i := range p.Variants {
		v := &p.Variants[i]
		v.Options, v.Price = slices.Clone(v.Options), clone(v.Price)
	}
	p.Sale = clone(s.Sale)
	return &p
}

func clone[T any](v *T) *T {
	if v == nil {
		return nil
	}
	c := *v
	return &c
}

func (s *State) createdAt() time.Time { return time.UnixMilli(s.CreatedAt).UTC() }
