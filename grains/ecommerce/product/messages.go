package product

import (
	"entrepot"
	"entrepot/grains"
)

// Name is the kind's name in the cluster.
const Name = "Product"

// Of returns the ref of a product.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// Create creates a product. The status is Active (the default, or Draft with PublishAt) or Draft.
// The grain sets id, times and version, and ignores images and rating.
type Create struct{ Product }

// Update replaces the fields that are set. An empty list must not be nil: a pointer to nil does not
// survive the way to another member.
type Update struct {
	ExpectedVersion int64 // 0: any
	Name            *string
	Description     *string
	Category        *string
	Brand           *string
	Price           *int64
	Status          *string // Active, Draft or Archived
	Image           *string
	ShopIDs         *[]entrepot.ID
	Options         *[]Option // an empty list without Variants removes the variants too
	Variants        *[]Variant
	Attributes      *[]Attribute
	Tags            *[]string
	ShopPrices      *[]ShopPrice
	Images          *[]Image // order and texts of the present images; the others are removed
	Sale            *Sale    // a zero Sale removes it
	PublishAt       *int64
	UnpublishAt     *int64
}

// AddImage appends an image of the blob store. An image that the product has stays as it is.
type AddImage struct {
	Image Image
}

// RemoveImage removes an image.
type RemoveImage struct {
	ID entrepot.ID
}

// SetRating replaces the counts of the published reviews. Only the platform sends it.
type SetRating struct {
	Counts []int64 // of 1 to 5 stars
}

// Delete removes the product from the catalogue for good and frees its SKU.
type Delete struct{}

// Get returns an active product to anyone, others to staff of the company.
type Get struct{}

// Product is a product as it is created, stored and returned.
type Product struct {
	ID          entrepot.ID   `json:"id,omitempty"`
	CompanyID   entrepot.ID   `json:"companyId,omitempty"`
	ShopIDs     []entrepot.ID `json:"shopIds,omitempty"` // the shops that sell it; at least one
	SKU         string        `json:"sku,omitempty"`     // unique in the company
	Name        string        `json:"name,omitempty"`
	Description string        `json:"description,omitempty"`
	Category    string        `json:"category,omitempty"` // slug
	Brand       string        `json:"brand,omitempty"`
	Price       int64         `json:"price,omitempty"` // minor units of Currency
	Currency    string        `json:"currency,omitempty"`
	Status      string        `json:"status,omitempty"` // Active, Draft, Archived or Deleted
	Image       string        `json:"image,omitempty"`
	Options     []Option      `json:"options,omitempty"`
	Variants    []Variant     `json:"variants,omitempty"` // empty: the product itself is sold
	Attributes  []Attribute   `json:"attributes,omitempty"`
	Tags        []string      `json:"tags,omitempty"`
	ShopPrices  []ShopPrice   `json:"shopPrices,omitempty"`
	Sale        *Sale         `json:"sale,omitempty"`
	Images      []Image       `json:"images,omitempty"`
	PublishAt   int64         `json:"publish,omitempty"`   // Unix ms: becomes active then; 0: never
	UnpublishAt int64         `json:"unpublish,omitempty"` // Unix ms: becomes archived then; 0: never
	Rating      []int64       `json:"rating,omitempty"`    // reviews of 1 to 5 stars
	CreatedAt   int64         `json:"created,omitempty"`   // Unix ms
	UpdatedAt   int64         `json:"updated,omitempty"`   // Unix ms
	Version     int64         `json:"version,omitempty"`   // counts the changes, for If-Match
}

// Option is a choice in which the variants differ.
type Option struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

// Variant is one sellable form of a product. Stock, carts and orders refer to variants. A product
// without options is its own only variant, with the product's id.
type Variant struct {
	ID          entrepot.ID `json:"id"`
	SKU         string      `json:"sku"`
	Options     []Attribute `json:"options"`         // a value of each option, in the options' order
	Price       *int64      `json:"price,omitempty"` // minor units; nil: the product's
	Image       string      `json:"image,omitempty"`
	Barcode     string      `json:"barcode,omitempty"`
	WeightGrams int64       `json:"weight,omitempty"`
	Inactive    bool        `json:"inactive,omitempty"` // not for sale at the moment
}

// Attribute is a named property of a product. A name may have several values.
type Attribute struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// ShopPrice is the price of the product, or of one of its variants, in a shop.
type ShopPrice struct {
	ShopID    entrepot.ID `json:"shopId"`
	VariantID entrepot.ID `json:"variantId,omitempty"` // empty: all variants
	Price     int64       `json:"price,omitempty"`     // minor units
}

// Sale is a lower price for a time: a fixed one, or a percentage off.
type Sale struct {
	Price    int64 `json:"price,omitempty"`   // minor units; 0: Percent applies
	Percent  int64 `json:"percent,omitempty"` // off the price
	StartsAt int64 `json:"starts,omitempty"`  // Unix ms; 0: at once
	EndsAt   int64 `json:"ends,omitempty"`    // Unix ms; 0: until it is removed
}

// Image is an uploaded image. Images are shown in the order of their list.
type Image struct {
	ID     entrepot.ID `json:"id"` // of the blob
	Alt    string      `json:"alt,omitempty"`
	Width  int32       `json:"width,omitempty"`
	Height int32       `json:"height,omitempty"`
}

func (Create) Answers(*Product)      {}
func (Update) Answers(*Product)      {}
func (AddImage) Answers(*Product)    {}
func (RemoveImage) Answers(*Product) {}
func (SetRating) Answers(*Product)   {}
func (Delete) Answers(*Product)      {}
func (Get) Answers(*Product)         {}
