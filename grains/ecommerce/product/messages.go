package product

import (
	"entrepot"
	"entrepot/grains"
)

// Kind is the grain's name in the cluster.
const Name = "Product"

// Of names one grain of the kind.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

type Create struct {
	CompanyID   entrepot.ID
	ShopIDs     []entrepot.ID // the shops that sell it; at least one
	SKU         string        // unique in the company
	Name        string
	Description string
	Category    string
	Brand       string
	Price       int64
	Currency    string
	Image       string
	Options     []Option
	Variants    []Variant // none: the product itself is what is sold
	Attributes  []Attribute
	Tags        []string
	ShopPrices  []ShopPrice
	Sale        *Sale
	Status      string // active (default) or draft
	PublishAt   int64  // becomes active then; 0: never by itself
	UnpublishAt int64  // becomes archived then; 0: never by itself
}

// Variant is one sellable form of a product. Stock lies, carts and orders hold
// pieces of a variant. A product without options is its own only variant, whose
// id is the product's.
type Variant struct {
	ID          entrepot.ID
	SKU         string
	Options     []Attribute // a value for each of the product's options
	Price       *int64      // unset: the product's
	Image       string
	Barcode     string
	WeightGrams int64
	Inactive    bool // not sold right now
}

// AddImage puts an image of the blob store last; again with the same id changes nothing.
type AddImage struct {
	Image Image
}

type RemoveImage struct {
	ID entrepot.ID
}

// SetRating replaces the summary of the product's published reviews, recounted
// by the service that keeps them.
type SetRating struct {
	Counts []int64 // of 1 to 5 stars
}

// Update replaces what is set.
type Update struct {
	Name            *string
	Description     *string
	Category        *string
	Brand           *string
	Price           *int64
	Status          *string // active, draft, archived
	Image           *string
	ExpectedVersion int64 // 0: whatever it is
	// Lists replace the whole list when their Set is there.
	Options     *Options
	Attributes  *Attributes
	Tags        *Tags
	ShopPrices  *ShopPrices
	Images      *Images
	Sale        *Sale // a zero Sale removes it
	PublishAt   *int64
	UnpublishAt *int64
	ShopIDs     *ShopIDs
}

// Options sets the options and the variants that they make.
type Options struct {
	Options  []Option
	Variants []Variant
}

type Attributes struct {
	Attributes []Attribute
}

type Tags struct {
	Tags []string
}

type ShopPrices struct {
	Prices []ShopPrice
}

type Images struct {
	Images []Image
}

type ShopIDs struct {
	IDs []entrepot.ID
}

// Delete takes the product out of the catalogue for good and frees its SKU.
type Delete struct{}

type Get struct{}

type Product struct {
	ID           entrepot.ID
	CompanyID    entrepot.ID
	ShopIDs      []entrepot.ID
	SKU          string
	Name         string
	Description  string
	Category     string
	Brand        string
	Price        int64
	Currency     string
	Status       string
	Image        string
	CreatedAt    int64
	UpdatedAt    int64
	Version      int64
	Options      []Option
	Variants     []Variant
	Attributes   []Attribute
	Tags         []string
	ShopPrices   []ShopPrice
	Sale         *Sale
	Images       []Image
	PublishAt    int64
	UnpublishAt  int64
	RatingCounts []int64 // of 1 to 5 stars
}

func (Create) Answers(*Product)      {}
func (AddImage) Answers(*Product)    {}
func (RemoveImage) Answers(*Product) {}
func (SetRating) Answers(*Product)   {}
func (Update) Answers(*Product)      {}
func (Delete) Answers(*Product)      {}
func (Get) Answers(*Product)         {}
