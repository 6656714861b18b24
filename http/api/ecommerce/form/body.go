// Package form holds the written forms of a product: bodies of requests with their
// rules, rows of exports, and cells of comma separated values. Routes and the
// importer share them.
package form

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"time"

	"entrepot"
	"entrepot/grains/ecommerce/product"
	"entrepot/grains/query"
	"entrepot/http/rest"

	"github.com/danielgtaylor/huma/v2"
)

// ProductBody is a new product in a request, and a product in an import or an export.
type ProductBody struct {
	CompanyID   rest.ID          `json:"companyId,omitempty" doc:"for super admins; others create in their own company"`
	SKU         string           `json:"sku" minLength:"1" maxLength:"64" example:"MUG-1" doc:"unique in the company"`
	Name        string           `json:"name" minLength:"1" maxLength:"200" example:"Mug"`
	Description string           `json:"description,omitempty" maxLength:"5000"`
	Category    string           `json:"category,omitempty" maxLength:"100" example:"kitchen" doc:"slug of the category"`
	Brand       string           `json:"brand,omitempty" maxLength:"100"`
	Price       entrepot.Amount  `json:"price"`
	Currency    string           `json:"currency" pattern:"^[A-Z]{3}$" patternDescription:"an ISO 4217 code" example:"EUR"`
	Status      string           `json:"status,omitempty" enum:"active,draft" doc:"default active, or draft with publishAt"`
	Image       string           `json:"image,omitempty" maxLength:"2000"`
	ShopIDs     []string         `json:"shopIds" minItems:"1" maxItems:"200" doc:"the shops that sell it"`
	Tags        []string         `json:"tags,omitempty" maxItems:"50"`
	Attributes  []AttributeBody  `json:"attributes,omitempty" maxItems:"100"`
	Options     []OptionBody     `json:"options,omitempty" maxItems:"5"`
	Variants    []VariantBody    `json:"variants,omitempty" maxItems:"200" doc:"sellable combinations of options"`
	ShopPrices  []ShopPriceBody  `json:"shopPrices,omitempty" maxItems:"1000" doc:"prices that differ by shop"`
	Sale        *saleBody        `json:"sale,omitempty"`
	PublishAt   optional[moment] `json:"publishAt,omitempty,omitzero" doc:"becomes active then"`
	UnpublishAt optional[moment] `json:"unpublishAt,omitempty,omitzero" doc:"becomes archived then"`
}

// OptionBody is a choice in which a product's variants differ.
type OptionBody struct {
	Name   string   `json:"name" minLength:"1" maxLength:"50" example:"size"`
	Values []string `json:"values" minItems:"1" maxItems:"200" example:"[\"S\",\"M\"]"`
}

// VariantBody is one sellable form of a product.
type VariantBody struct {
	ID          rest.ID           `json:"id,omitempty" doc:"of an existing variant; default: the one with these options, or a new one"`
	SKU         string            `json:"sku" minLength:"1" maxLength:"64"`
	Options     map[string]string `json:"options" doc:"a value of each option"`
	Price       *entrepot.Amount  `json:"price,omitempty" doc:"default the product's"`
	Image       string            `json:"image,omitempty" maxLength:"2000"`
	Barcode     string            `json:"barcode,omitempty" maxLength:"64"`
	WeightGrams int64             `json:"weightGrams,omitempty" minimum:"0" maximum:"1000000000"`
	Inactive    bool              `json:"inactive,omitempty"`
}

// AttributeBody is a named property of a product.
type AttributeBody struct {
	Name  string `json:"name" minLength:"1" maxLength:"50" example:"origin"`
	Value string `json:"value" minLength:"1" maxLength:"200" example:"Assam"`
}

// ShopPriceBody is the price of a product, or of one of its variants, in a shop.
type ShopPriceBody struct {
	ShopID    rest.ID         `json:"shopId"`
	VariantID rest.ID         `json:"variantId,omitempty" doc:"default: all variants"`
	Price     entrepot.Amount `json:"price"`
}

type saleBody struct {
	Price    *entrepot.Amount `json:"price,omitempty" doc:"below the price; or percent"`
	Percent  int64            `json:"percent,omitempty" minimum:"1" maximum:"99" doc:"off every price, rounded half up"`
	StartsAt optional[moment] `json:"startsAt,omitempty,omitzero" doc:"default: at once"`
	EndsAt   optional[moment] `json:"endsAt,omitempty,omitzero" doc:"default: until it is removed"`
}

type imageBody struct {
	ID  rest.ID `json:"id"`
	Alt string  `json:"alt,omitempty" maxLength:"200" doc:"alternative text for screen readers"`
}

// ProductChange is a change of a product. Absent fields stay as they are.
type ProductChange struct {
	Name        *string            `json:"name,omitempty" minLength:"1" maxLength:"200"`
	Description *string            `json:"description,omitempty" maxLength:"5000"`
	Category    *string            `json:"category,omitempty" maxLength:"100"`
	Brand       *string            `json:"brand,omitempty" maxLength:"100"`
	Price       *entrepot.Amount   `json:"price,omitempty"`
	Status      *string            `json:"status,omitempty" enum:"active,draft,archived"`
	Image       *string            `json:"image,omitempty" maxLength:"2000"`
	ShopIDs     []string           `json:"shopIds,omitempty" minItems:"1" maxItems:"200"`
	Options     *[]OptionBody      `json:"options,omitempty" maxItems:"5" doc:"with variants"`
	Variants    *[]VariantBody     `json:"variants,omitempty" maxItems:"200"`
	Attributes  *[]AttributeBody   `json:"attributes,omitempty" maxItems:"100"`
	Tags        *[]string          `json:"tags,omitempty" maxItems:"50"`
	ShopPrices  *[]ShopPriceBody   `json:"shopPrices,omitempty" maxItems:"1000" doc:"shop managers and staff replace those of their shops"`
	Images      *[]imageBody       `json:"images,omitempty" maxItems:"20" doc:"order and texts of uploaded images; omitted ones are removed"`
	Sale        optional[saleBody] `json:"sale,omitempty"`
	PublishAt   optional[moment]   `json:"publishAt,omitempty"`
	UnpublishAt optional[moment]   `json:"unpublishAt,omitempty"`
}

// optional distinguishes null, which removes the value, from an absent field, which keeps it.
type optional[T any] struct {
	given bool
	value *T
}

// UnmarshalJSON records that a value was given.
func (o *optional[T]) UnmarshalJSON(b []byte) error {
	o.given = true
	return json.Unmarshal(b, &o.value)
}

// MarshalJSON encodes the value; absent ones are left out by omitzero.
func (o optional[T]) MarshalJSON() ([]byte, error) { return json.Marshal(o.value) }

// Schema returns the schema of the value.
func (o optional[T]) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[T](), true, "")
}

// moment is a time in a request or an export, there with milliseconds.
type moment struct{ time.Time }

const momentFormat = "2006-01-02T15:04:05.000Z"

// MarshalJSON encodes the time with milliseconds, in UTC.
func (m moment) MarshalJSON() ([]byte, error) {
	return []byte(m.UTC().Format(`"` + momentFormat + `"`)), nil
}

// Schema returns the schema of a time.
func (m moment) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[time.Time](), true, "")
}

func unixMs(o optional[moment]) int64 {
	if o.value == nil {
		return 0
	}
	return o.value.UnixMilli()
}

func momentAt(ms int64) (o optional[moment]) {
	if ms != 0 {
		o = optional[moment]{given: true, value: &moment{time.UnixMilli(ms).UTC()}}
	}
	return o
}

// maxWord bounds the length of an option's value or a tag.
const maxWord = 100

// CheckWords checks the length of the texts of a list, which the schema cannot.
func CheckWords(field string, words []string) error {
	for i, w := range words {
		if len(w) > maxWord {
			return entrepot.Invalid(query.Indexed(field, i, ""), "maxLength", "must be at most %d bytes", maxWord)
		}
	}
	return nil
}

// Command returns the product as a command.
func (b *ProductBody) Command(company entrepot.ID) (c product.Create, err error) {
	c.Product = product.Product{
		CompanyID: company, ShopIDs: b.ShopIDs, SKU: b.SKU, Name: b.Name, Description: b.Description,
		Category: b.Category, Brand: b.Brand, Currency: b.Currency, Image: b.Image, Tags: b.Tags,
		Attributes: attributesOf(b.Attributes), Status: b.Status,
		PublishAt: unixMs(b.PublishAt), UnpublishAt: unixMs(b.UnpublishAt),
	}
	price, err := entrepot.ParseMoney("price", string(b.Price), b.Currency)
	if err != nil {
		return c, err
	}
	c.Price = price.Minor
	if err := CheckWords("tags", b.Tags); err != nil {
		return c, err
	}
	if c.Options, err = optionsOf(b.Options); err != nil {
		return c, err
	}
	if c.Variants, err = variantsOf(b.Variants, b.Currency); err != nil {
		return c, err
	}
	for i := range c.Variants {
		c.Variants[i].ID = "" // a new product's variants get new ids
	}
	if c.ShopPrices, err = shopPricesOf(b.ShopPrices, b.Currency); err != nil {
		return c, err
	}
	c.Sale, err = saleFrom(b.Sale, b.Currency)
	return c, err
}

// NeedsPresent reports whether the change cannot be read without the product: its currency, company
// or images.
func (b *ProductChange) NeedsPresent() bool {
	return b.Price != nil || b.ShopIDs != nil || b.Variants != nil || b.ShopPrices != nil || b.Images != nil ||
		b.Sale.value != nil
}

// Command returns the change as a command; now is the product, or nil if [ProductChange.NeedsPresent]
// is false.
func (b *ProductChange) Command(now *product.Product) (c product.Update, err error) {
	c = product.Update{
		Name: b.Name, Description: b.Description, Category: b.Category, Brand: b.Brand,
		Status: b.Status, Image: b.Image, Tags: b.Tags,
	}
	currency := ""
	if now != nil {
		currency = now.Currency
	}
	if b.Price != nil {
		price, err := entrepot.ParseMoney("price", string(*b.Price), currency)
		if err != nil {
			return c, err
		}
		c.Price = &price.Minor
	}
	if err := b.lists(&c, currency); err != nil {
		return c, err
	}
	err = b.times(&c, currency)
	return c, err
}

// lists sets the lists of the command.
func (b *ProductChange) lists(c *product.Update, currency string) error {
	if b.ShopIDs != nil {
		c.ShopIDs = &b.ShopIDs
	}
	if b.Tags != nil {
		if err := CheckWords("tags", *b.Tags); err != nil {
			return err
		}
	}
	if b.Attributes != nil {
		attributes := attributesOf(*b.Attributes)
		c.Attributes = &attributes
	}
	if b.Images != nil {
		images := make([]product.Image, len(*b.Images))
		for i, image := range *b.Images {
			images[i] = product.Image{ID: string(image.ID), Alt: image.Alt}
		}
		c.Images = &images
	}
	if b.ShopPrices != nil {
		prices, err := shopPricesOf(*b.ShopPrices, currency)
		if err != nil {
			return err
		}
		c.ShopPrices = &prices
	}
	if b.Options != nil {
		options, err := optionsOf(*b.Options)
		if err != nil {
			return err
		}
		c.Options = &options
	}
	if b.Variants != nil {
		variants, err := variantsOf(*b.Variants, currency)
		if err != nil {
			return err
		}
		c.Variants = &variants
	}
	return nil
}

func (b *ProductChange) times(c *product.Update, currency string) (err error) {
	if b.PublishAt.given {
		at := unixMs(b.PublishAt)
		c.PublishAt = &at
	}
	if b.UnpublishAt.given {
		at := unixMs(b.UnpublishAt)
		c.UnpublishAt = &at
	}
	if b.Sale.given {
		c.Sale = &product.Sale{} // which removes it
	}
	if b.Sale.value != nil {
		c.Sale, err = saleFrom(b.Sale.value, currency)
	}
	return err
}

// The lists below are never nil, see [product.Update].

func attributesOf(list []AttributeBody) []product.Attribute {
	out := make([]product.Attribute, len(list))
	for i, a := range list {
		out[i] = product.Attribute{Name: a.Name, Value: a.Value}
	}
	return out
}

func optionsOf(list []OptionBody) ([]product.Option, error) {
	out := make([]product.Option, len(list))
	for i, o := range list {
		if err := CheckWords(query.Indexed("options", i, "values"), o.Values); err != nil {
			return nil, err
		}
		out[i] = product.Option{Name: o.Name, Values: o.Values}
	}
	return out, nil
}

func variantsOf(list []VariantBody, currency string) ([]product.Variant, error) {
	out := make([]product.Variant, len(list))
	for i, v := range list {
		x := product.Variant{
			ID: string(v.ID), SKU: v.SKU, Image: v.Image, Barcode: v.Barcode, WeightGrams: v.WeightGrams, Inactive: v.Inactive,
		}
		for _, name := range slices.Sorted(maps.Keys(v.Options)) {
			x.Options = append(x.Options, product.Attribute{Name: name, Value: v.Options[name]})
		}
		if v.Price != nil {
			price, err := entrepot.ParseMoney(query.Indexed("variants", i, "price"), string(*v.Price), currency)
			if err != nil {
				return nil, err
			}
			x.Price = &price.Minor
		}
		out[i] = x
	}
	return out, nil
}

func shopPricesOf(list []ShopPriceBody, currency string) ([]product.ShopPrice, error) {
	out := make([]product.ShopPrice, len(list))
	for i, p := range list {
		price, err := entrepot.ParseMoney(query.Indexed("shopPrices", i, "price"), string(p.Price), currency)
		if err != nil {
			return nil, err
		}
		out[i] = product.ShopPrice{ShopID: string(p.ShopID), VariantID: string(p.VariantID), Price: price.Minor}
	}
	return out, nil
}

func saleFrom(b *saleBody, currency string) (*product.Sale, error) {
	if b == nil {
		return nil, nil
	}
	s := &product.Sale{Percent: b.Percent, StartsAt: unixMs(b.StartsAt), EndsAt: unixMs(b.EndsAt)}
	if b.Price == nil && b.Percent == 0 {
		return nil, entrepot.Invalid("sale.price", "either", "either a price or a percentage off must be given")
	}
	if b.Price != nil {
		price, err := entrepot.ParseMoney("sale.price", string(*b.Price), currency)
		if err != nil {
			return nil, err
		}
		if s.Price = price.Minor; price.Minor == 0 {
			return nil, entrepot.Invalid("sale.price", "minimum", "must be above zero")
		}
	}
	return s, nil
}
