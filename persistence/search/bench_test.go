package search

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"entrepot"
	"entrepot/persistence/search/searchtest"
)

// bigGoods generates products from the words that make search-bench uses.
type bigGoods struct {
	*searchtest.Words
	shops []string
	r     *rand.Rand
}

func newBigGoods(tb testing.TB) *bigGoods {
	tb.Helper()
	words, err := searchtest.ReadWords("testdata/catalogue.tsv")
	if err != nil {
		tb.Fatal(err)
	}
	c := &bigGoods{Words: words, r: rand.New(rand.NewPCG(1, 2))}
	for i := range 50 {
		c.shops = append(c.shops, entrepot.DeriveID("shop", strconv.Itoa(i)))
	}
	return c
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

func (c *bigGoods) document(i int) *Document {
	at := c.r.IntN(len(c.Names))
	words := make([]string, 15)
	for j := range words {
		words[j] = pick(c.r, c.Series)
	}
	return &Document{
		ID: entrepot.DeriveID("bench", strconv.Itoa(i)), Version: 1, CompanyID: "company",
		ShopIDs: []string{pick(c.r, c.shops)}, SKU: fmt.Sprint("B-", i),
		Name: c.Names[at] + " " + pick(c.r, c.Series), Brand: pick(c.r, c.Brands),
		Category: c.Categories[at], Status: "active", Active: true,
		Description: c.Names[at] + " for " + c.Names[c.r.IntN(len(c.Names))] + ". " + strings.Join(words, " "),
		Price:       Price{Regular: 100 + c.r.Int64N(50_000)}, Currency: "EUR", CreatedMs: int64(i) * 1000,
		Attributes: []Attribute{
			{"colour", pick(c.r, []string{"red", "blue", "green", "black", "white", "grey", "sand"})},
			{"size", strconv.Itoa(c.r.IntN(12))},
		},
		Ratings: [5]int64{0, c.r.Int64N(2), c.r.Int64N(3), c.r.Int64N(9), c.r.Int64N(9)},
	}
}

// bigIndex builds the index of 100,000 products once for all benchmarks.
var bigIndex = sync.OnceValues(func() (*Index, error) {
	ix, err := New(Options{Now: func() time.Time { return time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC) }})
	if err != nil {
		return nil, err
	}
	c := newBigGoods(&testing.B{})
	docs := make([]*Document, 100_000)
	for i := range docs {
		docs[i] = c.document(i)
	}
	return ix, ix.Put(docs...)
})

// processorTime returns the processor time of this process, which is more meaningful than elapsed
// time on a shared machine.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkSearch runs the queries of make search-bench on 100,000 products without HTTP.
func BenchmarkSearch(b *testing.B) {
	ix, err := bigIndex()
	if err != nil {
		b.Fatal(err)
	}
	c := newBigGoods(b)
	name := func(r *rand.Rand) string { return strings.ToLower(pick(r, c.Names)) }
	for _, s := range []struct {
		what  string
		query func(r *rand.Rand) Query
	}{
		{"price", func(r *rand.Rand) Query {
			return Query{Sort: Cheapest, Currency: "EUR", MinPrice: int64(r.IntN(400)) * 100}
		}},
		{"facets4", func(r *rand.Rand) Query {
			return Query{
				Categories: []string{pick(r, c.Categories)}, Attributes: []Attribute{{"colour", "red"}},
				MinPrice: int64(r.IntN(300)) * 100, Currency: "EUR", Sort: BestRated,
				Facets: []Facet{FacetBrand, FacetPrice, FacetAttributes, FacetRating},
			}
		}},
		{"facetsAll", func(r *rand.Rand) Query {
			return Query{
				Brands: []string{pick(r, c.Brands), pick(r, c.Brands)}, MinPrice: int64(r.IntN(300)) * 100,
				Currency: "EUR",
				Facets: []Facet{
					FacetBrand, FacetCategory, FacetPrice, FacetRating, FacetAttributes, FacetAvailability, FacetShop,
				},
			}
		}},
		{"facetsNoFilter", func(*rand.Rand) Query { return Query{Facets: Facets} }},
		{"textTwo", func(r *rand.Rand) Query { return Query{Text: name(r) + " " + pick(r, c.Series)} }},
		{"textBrand", func(r *rand.Rand) Query { return Query{Text: pick(r, c.Brands) + " " + name(r)} }},
		{"textTypo", func(r *rand.Rand) Query {
			w := name(r)
			i := 1 + r.IntN(max(len(w)-2, 1))
			return Query{Text: w[:i] + w[i+1:]}
		}},
		{"textFacets", func(r *rand.Rand) Query {
			return Query{
				Text: name(r), MinPrice: int64(r.IntN(300)) * 100, Currency: "EUR",
				Facets: []Facet{FacetBrand, FacetCategory, FacetPrice},
			}
		}},
	} {
		b.Run(s.what, func(b *testing.B) {
			b.ReportAllocs()
			r := rand.New(rand.NewPCG(3, 4))
			spent := processorTime()
			defer func() { b.ReportMetric(float64((processorTime()-spent).Microseconds())/float64(b.N), "cpu-µs/op") }()
			for b.Loop() {
				q := s.query(r)
				q.Limit = 20
				if _, err := ix.Search(b.Context(), q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("suggest", func(b *testing.B) {
		b.ReportAllocs()
		r := rand.New(rand.NewPCG(3, 4))
		spent := processorTime()
		defer func() { b.ReportMetric(float64((processorTime()-spent).Microseconds())/float64(b.N), "cpu-µs/op") }()
		for b.Loop() {
			w := pick(r, c.Names)
			if _, err := ix.Suggest(b.Context(), Sight{}, w[:min(len(w), 3+r.IntN(6))], 5); err != nil {
				b.Fatal(err)
			}
		}
	})
}
