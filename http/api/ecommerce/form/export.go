package form

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"entrepot"
	"entrepot/grains/ecommerce/product"
	"entrepot/http/rest"
)

// ExportRow is a product in the format of an import.
type ExportRow struct {
	SKU         string            `json:"sku"`
	Name        string            `json:"name"`
	Description string            `json:"description,omitempty"`
	Category    string            `json:"category,omitempty"`
	Brand       string            `json:"brand,omitempty"`
	Price       entrepot.Amount   `json:"price"`
	Currency    string            `json:"currency"`
	Status      string            `json:"status"`
	Image       string            `json:"image,omitempty"`
	ShopIDs     []string          `json:"shopIds"`
	Tags        []string          `json:"tags,omitempty"`
	Attributes  []AttributeBody   `json:"attributes,omitempty"`
	Options     []OptionBody      `json:"options,omitempty"`
	Variants    []ExportedVariant `json:"variants,omitempty"`
	ShopPrices  []ShopPriceBody   `json:"shopPrices,omitempty"`
	Sale        *SaleView         `json:"sale,omitempty"`
	PublishAt   *rest.Time        `json:"publishAt,omitempty"`
	UnpublishAt *rest.Time        `json:"unpublishAt,omitempty"`
}

type ExportedVariant struct {
	ID          entrepot.ID       `json:"id"`
	SKU         string            `json:"sku"`
	Options     map[string]string `json:"options"`
	Price       entrepot.Amount   `json:"price,omitempty"`
	Image       string            `json:"image,omitempty"`
	Barcode     string            `json:"barcode,omitempty"`
	WeightGrams int64             `json:"weightGrams,omitempty"`
	Inactive    bool              `json:"inactive,omitempty"`
}

// ExportOf returns a product in the format of an import.
func ExportOf(p *product.Product) ExportRow {
	r := ExportRow{
		SKU: p.SKU, Name: p.Name, Description: p.Description, Category: p.Category, Brand: p.Brand, Price: rest.Amount(p.Price, p.Currency),
		Currency: p.Currency, Status: p.Status, Image: p.Image, ShopIDs: rest.NotNil(p.ShopIDs), Tags: p.Tags,
		PublishAt: rest.TimeOrNone(p.PublishAt), UnpublishAt: rest.TimeOrNone(p.UnpublishAt),
	}
	for _, a := range p.Attributes {
		r.Attributes = append(r.Attributes, AttributeBody{a.Name, a.Value})
	}
	for _, o := range p.Options {
		r.Options = append(r.Options, OptionBody{o.Name, o.Values})
	}
	for _, v := range p.Variants {
		x := ExportedVariant{ID: v.ID, SKU: v.SKU, Options: map[string]string{}, Image: v.Image, Barcode: v.Barcode, WeightGrams: v.WeightGrams, Inactive: v.Inactive}
		for _, o := range v.Options {
			x.Options[o.Name] = o.Value
		}
		if v.Price != nil {
			x.Price = rest.Amount(*v.Price, p.Currency)
		}
		r.Variants = append(r.Variants, x)
	}
	for _, x := range p.ShopPrices {
		r.ShopPrices = append(r.ShopPrices, ShopPriceBody{rest.ID(x.ShopID), rest.ID(x.VariantID), rest.Amount(x.Price, p.Currency)})
	}
	if p.Sale != nil {
		r.Sale = SaleOf(p.Sale, p.Currency)
	}
	return r
}

// Lines are the row's lines of a CSV file, in the order of csvColumns: one, or one
// a variant, of which the first says what the product is.
func (r *ExportRow) Lines() [][]string {
	attributes := make([]string, len(r.Attributes))
	for i, a := range r.Attributes {
		attributes[i] = escaped(a.Name) + "=" + escaped(a.Value)
	}
	options := make([]string, len(r.Options))
	for i, o := range r.Options {
		options[i] = escaped(o.Name) + "=" + joinEscaped(o.Values, ",")
	}
	prices := make([]string, len(r.ShopPrices))
	for i, p := range r.ShopPrices {
		if prices[i] = string(p.ShopID) + "=" + string(p.Price); p.VariantID != "" {
			prices[i] = string(p.ShopID) + "/" + string(p.VariantID) + "=" + string(p.Price)
		}
	}
	first := []string{
		r.SKU, r.Name, r.Description, r.Category, r.Brand, string(r.Price), r.Currency, r.Status, r.Image,
		joinEscaped(r.ShopIDs, "|"), joinEscaped(r.Tags, "|"), strings.Join(attributes, "|"), strings.Join(prices, "|"),
	}
	first = append(append(first, r.times()...), strings.Join(options, "|"))
	if len(r.Variants) == 0 {
		return [][]string{guardedLine(append(first, make([]string, len(Columns)-len(first))...))}
	}
	lines := make([][]string, len(r.Variants))
	for i := range r.Variants {
		of := make([]string, len(first))
		if of[0] = r.SKU; i == 0 {
			of = slices.Clone(first)
		}
		lines[i] = guardedLine(append(of, r.Variants[i].cells()...))
	}
	return lines
}

// times are the sale's cells, and when the product is published.
func (r *ExportRow) times() []string {
	out := []string{"", "", "", "", cellOf(r.PublishAt), cellOf(r.UnpublishAt)}
	if s := r.Sale; s != nil {
		if out[0] = string(s.Price); s.Percent > 0 {
			out[1] = strconv.FormatInt(s.Percent, 10)
		}
		out[2], out[3] = cellOf(s.StartsAt), cellOf(s.EndsAt)
	}
	return out
}

func cellOf(t *rest.Time) string {
	if t == nil {
		return ""
	}
	return time.UnixMilli(int64(*t)).UTC().Format("2006-01-02T15:04:05.000Z")
}

func (v *ExportedVariant) cells() []string {
	var options []string
	for _, name := range slices.Sorted(maps.Keys(v.Options)) {
		options = append(options, escaped(name)+"="+escaped(v.Options[name]))
	}
	weight := ""
	if v.WeightGrams > 0 {
		weight = strconv.FormatInt(v.WeightGrams, 10)
	}
	return []string{v.ID, v.SKU, strings.Join(options, "|"), string(v.Price), v.Image, v.Barcode, weight, strconv.FormatBool(v.Inactive)}
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

func SaleOf(s *product.Sale, currency string) *SaleView {
	v := &SaleView{Percent: s.Percent, StartsAt: rest.TimeOrNone(s.StartsAt), EndsAt: rest.TimeOrNone(s.EndsAt)}
	if s.Percent == 0 {
		v.Price = rest.Amount(s.Price, currency)
	}
	return v
}
