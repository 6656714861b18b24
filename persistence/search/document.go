// Package search finds products with a full text index and compact columns in memory. The index is
// a projection that can be rebuilt at any time. Start reading with [Index] and [Query];
// docs/search.md describes how it is fed.
//
// Bleve handles the text: its tokenizer and stemmer analyse it, and its scorch index stores where
// words occur. Ranking, filters, facets, sorting and paging use this package's own columns, because
// bleve's facets and sorts over 100,000 products are too slow for two cores
// (docs/decisions/0011-search.md).
//
// The package depends on no database and no grain. Its feeder calls [Index.Put], [Index.Delete],
// [Index.SetStock] and [Index.AddSales] with authoritative data; every query limits what the
// searcher may see ([Sight]).
package search

import (
	"slices"

	"entrepot"
)

// Document is a product as it can be found. It must not be changed after Put.
type Document struct {
	ID        entrepot.ID
	Version   int64 // an older version never replaces a newer one
	CompanyID entrepot.ID
	ShopIDs   []entrepot.ID
	Active    bool   // publicly visible
	Status    string // the value that the status filter compares

	SKU         string
	Name        string
	Description string
	Brand       string
	Category    string   // slug
	Path        []string // slugs of the category and its ancestors; the category filter matches any of them
	Titles      []string // titles of the categories in Path, searched like their slugs
	Attributes  []Attribute
	Options     []Attribute // option values of the variants: found and counted like attributes
	Tags        []string
	Currency    string
	Price       Price            // lowest price of the variants, in minor units
	ShopPrices  map[string]Price // of shops with their own price
	Ratings     [5]int64         // number of ratings with 1 to 5 stars
	CreatedMs   int64

	// Source is the data that the document was made from, for the feeder's use.
	Source any
}

// Attribute is a named property.
type Attribute struct{ Name, Value string }

// Price is a regular price with an optional sale, in minor units.
type Price struct {
	Regular int64
	Sale    int64 // price between FromMs and UntilMs
	FromMs  int64
	UntilMs int64 // 0: no end
	OnSale  bool
}

// At returns the price at a time in Unix ms.
func (p Price) At(ms int64) int64 {
	if p.OnSale && p.Sale < p.Regular && p.FromMs <= ms && (p.UntilMs == 0 || ms < p.UntilMs) {
		return p.Sale
	}
	return p.Regular
}

// nextChange returns the next time after ms at which the price may change; 0: never.
func (p Price) nextChange(ms int64) int64 {
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

// rating returns the average number of stars; 0 without ratings.
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

// sameText reports whether two documents have the same indexed words.
func (d *Document) sameText(o *Document) bool {
	return d.Name == o.Name && d.Description == o.Description && d.Brand == o.Brand && d.SKU == o.SKU &&
		d.Category == o.Category && slices.Equal(d.Titles, o.Titles) && slices.Equal(d.Path, o.Path) &&
		slices.Equal(d.Attributes, o.Attributes) && slices.Equal(d.Options, o.Options) &&
		slices.Equal(d.Tags, o.Tags)
}
