// Package search finds products: a full text index and compact columns in
// memory, a projection that can be made again at any time from what it is told.
//
// Bleve keeps the text: its tokenizer and stemmer analyse it, its scorch index
// holds the words and where they occur. Ranking, filters, facets, sorts and
// positions of pages are this package's own columns, because bleve's facets and
// sorts over 100,000 products are too slow for two cores
// (docs/decisions/0011-search.md).
//
// The package knows no database and no grain. Whoever feeds it ([Index.Put],
// [Index.Delete], [Index.SetStock], [Index.AddSales]) tells it the truth; every
// query says whose products it may see ([Sight]).
package search

import (
	"slices"

	"entrepot"
)

// Document is a product as it can be found. It is not changed after it was put.
type Document struct {
	ID        entrepot.ID
	Version   int64 // an older one never replaces a newer one
	CompanyID entrepot.ID
	ShopIDs   []entrepot.ID
	Active    bool   // everyone may find it
	Status    string // as the filter names it

	SKU         string
	Name        string
	Description string
	Brand       string
	Category    string   // its slug
	Path        []string // the category and all above it, as slugs; the filter takes any of them
	Titles      []string // of the categories in Path, which are searched like their slugs
	Attributes  []Attribute
	Options     []Attribute // values that its variants come in: found and counted like attributes
	Tags        []string
	Currency    string
	Price       Price            // the lowest of its variants, in minor units
	ShopPrices  map[string]Price // of shops that have their own
	Ratings     [5]int64         // how many of 1 to 5 stars
	CreatedMs   int64

	// Source is what the document was made of, for whoever asked.
	Source any
}

// Attribute is a property by name.
type Attribute struct{ Name, Value string }

// Price is what something costs, and what it costs during a sale.
type Price struct {
	Regular int64
	Sale    int64 // only within the time below
	FromMs  int64
	UntilMs int64 // 0: no end; From and Until both 0: no sale
	OnSale  bool
}

// At is the price at a moment.
func (p Price) At(ms int64) int64 {
	if p.OnSale && p.Sale < p.Regular && p.FromMs <= ms && (p.UntilMs == 0 || ms < p.UntilMs) {
		return p.Sale
	}
	return p.Regular
}

// turns is the next moment after ms at which the price may change; 0: never.
func (p Price) turns(ms int64) int64 {
	switch {
	case !p.OnSale:
		return 0
	case ms < p.FromMs:
		return p.FromMs
	case ms < p.UntilMs:
		return p.UntilMs
	default:
		return 0
	}
}

// rating is the mean of the stars; 0: nobody rated.
func (d *Document) rating() float64 {
	var n, sum int64
	for i, c := range d.Ratings {
		n += c
		sum += c * int64(i+1)
	}
	if n == 0 {
		return 0
	}
	return float64(sum) / float64(n)
}

// sameText reports whether the index of words need not change.
func (d *Document) sameText(o *Document) bool {
	return d.Name == o.Name && d.Description == o.Description && d.Brand == o.Brand && d.SKU == o.SKU && d.Category == o.Category &&
		slices.Equal(d.Titles, o.Titles) && slices.Equal(d.Path, o.Path) && slices.Equal(d.Attributes, o.Attributes) && slices.Equal(d.Options, o.Options) && slices.Equal(d.Tags, o.Tags)
}
