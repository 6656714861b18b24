package form

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"entrepot"
	"entrepot/grains/ecommerce/product"
	"entrepot/http/rest"
)

// BodyOf returns a product in the format of an import. The company is left out.
func BodyOf(p *product.Product) ProductBody {
	b := ProductBody{
		SKU: p.SKU, Name: p.Name, Description: p.Description, Category: p.Category, Brand: p.Brand,
		Price: rest.Amount(p.Price, p.Currency), Currency: p.Currency, Status: p.Status, Image: p.Image,
		ShopIDs: rest.NotNil(p.ShopIDs), Tags: p.Tags,
		PublishAt: momentAt(p.PublishAt), UnpublishAt: momentAt(p.UnpublishAt),
	}
	for _, a := range p.Attributes {
		b.Attributes = append(b.Attributes, AttributeBody{a.Name, a.Value})
	}
	for _, o := range p.Options {
		b.Options = append(b.Options, OptionBody{o.Name, o.Values})
	}
	for _, v := range p.Variants {
		b.Variants = append(b.Variants, variantOf(v, p.Currency))
	}
	for _, x := range p.ShopPrices {
		b.ShopPrices = append(b.ShopPrices, ShopPriceBody{rest.ID(x.ShopID), rest.ID(x.VariantID), rest.Amount(x.Price, p.Currency)})
	}
	if s := p.Sale; s != nil {
		b.Sale = &saleBody{Percent: s.Percent, StartsAt: momentAt(s.StartsAt), EndsAt: momentAt(s.EndsAt)}
		if s.Percent == 0 {
			b.Sale.Price = amount(s.Price, p.Currency)
		}
	}
	return b
}

func variantOf(v product.Variant, currency string) VariantBody {
	b := VariantBody{
		ID: rest.ID(v.ID), SKU: v.SKU, Options: map[string]string{}, Image: v.Image, Barcode: v.Barcode,
		WeightGrams: v.WeightGrams, Inactive: v.Inactive,
	}
	for _, o := range v.Options {
		b.Options[o.Name] = o.Value
	}
	if v.Price != nil {
		b.Price = amount(*v.Price, currency)
	}
	return b
}

func amount(minor int64, currency string) *entrepot.Amount {
	a := rest.Amount(minor, currency)
	return &a
}

func textOf(a *entrepot.Amount) string {
	if a == nil {
		return ""
	}
	return string(*a)
}

// Lines returns the product's lines of a CSV file, with the cells in the order of [Columns]: one line
// per variant, or one line. The first line has the cells of the product.
func (b *ProductBody) Lines() [][]string {
	attributes := make([]string, len(b.Attributes))
	for i, a := range b.Attributes {
		attributes[i] = escaped(a.Name) + "=" + escaped(a.Value)
	}
	options := make([]string, len(b.Options))
	for i, o := range b.Options {
		options[i] = escaped(o.Name) + "=" + joinEscaped(o.Values, ",")
	}
	prices := make([]string, len(b.ShopPrices))
	for i, p := range b.ShopPrices {
		if prices[i] = string(p.ShopID) + "=" + string(p.Price); p.VariantID != "" {
			prices[i] = string(p.ShopID) + "/" + string(p.VariantID) + "=" + string(p.Price)
		}
	}
	first := []string{
		b.SKU, b.Name, b.Description, b.Category, b.Brand, string(b.Price), b.Currency, b.Status, b.Image,
		joinEscaped(b.ShopIDs, "|"), joinEscaped(b.Tags, "|"), strings.Join(attributes, "|"), strings.Join(prices, "|"),
	}
	first = append(append(first, b.times()...), strings.Join(options, "|"))
	if len(b.Variants) == 0 {
		return [][]string{guardedLine(append(first, make([]string, len(Columns)-len(first))...))}
	}
	lines := make([][]string, len(b.Variants))
	for i := range b.Variants {
		of := make([]string, len(first))
		if of[0] = b.SKU; i == 0 {
			of = slices.Clone(first)
		}
		lines[i] = guardedLine(append(of, b.Variants[i].cells()...))
	}
	return lines
}

// times returns the cells of the sale and of the times of publication.
func (b *ProductBody) times() []string {
	out := []string{"", "", "", "", cellOf(b.PublishAt), cellOf(b.UnpublishAt)}
	if s := b.Sale; s != nil {
		if out[0] = textOf(s.Price); s.Percent > 0 {
			out[1] = strconv.FormatInt(s.Percent, 10)
		}
		out[2], out[3] = cellOf(s.StartsAt), cellOf(s.EndsAt)
	}
	return out
}

func cellOf(o optional[moment]) string {
	if o.value == nil {
		return ""
	}
	return o.value.UTC().Format(momentFormat)
}

func (v *VariantBody) cells() []string {
	var options []string
	for _, name := range slices.Sorted(maps.Keys(v.Options)) {
		options = append(options, escaped(name)+"="+escaped(v.Options[name]))
	}
	weight := ""
	if v.WeightGrams > 0 {
		weight = strconv.FormatInt(v.WeightGrams, 10)
	}
	return []string{string(v.ID), v.SKU, strings.Join(options, "|"), textOf(v.Price), v.Image, v.Barcode, weight, strconv.FormatBool(v.Inactive)}
}

func joinEscaped(list []string, separator string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = escaped(s)
	}
	return strings.Join(out, separator)
}

func guardedLine(cells []string) []string {
	for i := range cells {
		cells[i] = guarded(cells[i])
	}
	return cells
}

// SaleView is a sale that runs or is to come.
type SaleView struct {
	Price    entrepot.Amount `json:"price,omitempty"`
	Percent  int64           `json:"percent,omitempty"`
	StartsAt *rest.Time      `json:"startsAt,omitempty"`
	EndsAt   *rest.Time      `json:"endsAt,omitempty"`
}

// SaleOf returns a sale as the API shows it.
func SaleOf(s *product.Sale, currency string) *SaleView {
	v := &SaleView{Percent: s.Percent, StartsAt: rest.TimeOrNone(s.StartsAt), EndsAt: rest.TimeOrNone(s.EndsAt)}
	if s.Percent == 0 {
		v.Price = rest.Amount(s.Price, currency)
	}
	return v
}
