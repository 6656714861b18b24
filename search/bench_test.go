package search

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"entrepot"
)

// bigGoods are as many things as asked for, called like those of the labelled
// set, by 400 brands and in 3,000 series: as make search-bench has them.
type bigGoods struct {
	names, brands, series, categories, shops []string
	r                                        *rand.Rand
}

func newBigGoods(tb testing.TB) *bigGoods {
	tb.Helper()
	c := &bigGoods{r: rand.New(rand.NewPCG(1, 2))}
	f, err := os.Open("testdata/catalogue.tsv")
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if fields := strings.Split(s.Text(), "\t"); len(fields) == 9 {
			c.names = append(c.names, fields[1])
			category, _, _ := strings.Cut(fields[3], "/")
			c.categories = append(c.categories, category)
		}
	}
	syllables := []string{"ka", "mo", "ri", "ta", "le", "su", "no", "vi", "do", "pe", "sha", "gru", "bel", "tor", "min"}
	word := func(n int) string { return syllables[n%15] + syllables[n/15%15] + syllables[n/225%15] }
	for i := range 400 {
		c.brands = append(c.brands, strings.ToUpper(word(i * 7)[:1])+word(i * 7)[1:])
	}
	for i := range 3000 {
		c.series = append(c.series, word(i))
	}
	for i := range 50 {
		c.shops = append(c.shops, entrepot.DeriveID("shop", strconv.Itoa(i)))
	}
	return c
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

func (c *bigGoods) document(i int) *Document {
	at := c.r.IntN(len(c.names))
	words := make([]string, 15)
	for j := range words {
		words[j] = pick(c.r, c.series)
	}
	return &Document{
		ID: entrepot.DeriveID("bench", strconv.Itoa(i)), Version: 1, CompanyID: "company", ShopIDs: []string{pick(c.r, c.shops)}, SKU: fmt.Sprint("B-", i),
		Name: c.names[at] + " " + pick(c.r, c.series), Brand: pick(c.r, c.brands), Category: c.categories[at], Status: "active", Active: true,
		Description: c.names[at] + " for " + c.names[c.r.IntN(len(c.names))] + ". " + strings.Join(words, " "),
		Price:       Price{Regular: 100 + c.r.Int64N(50_000)}, Currency: "EUR", CreatedMs: int64(i) * 1000,
		Attributes: []Attribute{
			{"colour", pick(c.r, []string{"red", "blue", "green", "black", "white", "grey", "sand"})},
			{"size", strconv.Itoa(c.r.IntN(12))},
		},
		Ratings: [5]int64{0, c.r.Int64N(2), c.r.Int64N(3), c.r.Int64N(9), c.r.Int64N(9)},
	}
}

// bigIndex is made once for all benchmarks.
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

// processorTime is what this process has used of the processors, which says more
// than the clock where others work as well.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkSearch asks 100,000 products what make search-bench asks over HTTP.
func BenchmarkSearch(b *testing.B) {
	ix, err := bigIndex()
	if err != nil {
		b.Fatal(err)
	}
	c := newBigGoods(b)
	name := func(r *rand.Rand) string { return strings.ToLower(pick(r, c.names)) }
	for _, s := range []struct {
		what  string
		query func(r *rand.Rand) Query
	}{
		{"price", func(r *rand.Rand) Query {
			return Query{Sort: Cheapest, Currency: "EUR", MinPrice: int64(r.IntN(400)) * 100}
		}},
		{"facets4", func(r *rand.Rand) Query {
			return Query{
				Categories: []string{pick(r, c.categories)}, Attributes: []Attribute{{"colour", "red"}}, MinPrice: int64(r.IntN(300)) * 100, Currency: "EUR",
				Sort: BestRated, Facets: []Facet{FacetBrand, FacetPrice, FacetAttributes, FacetRating},
			}
		}},
		{"facetsAll", func(r *rand.Rand) Query {
			return Query{
				Brands: []string{pick(r, c.brands), pick(r, c.brands)}, MinPrice: int64(r.IntN(300)) * 100, Currency: "EUR",
				Facets: []Facet{FacetBrand, FacetCategory, FacetPrice, FacetRating, FacetAttributes, FacetAvailability, FacetShop},
			}
		}},
		{"facetsNoFilter", func(*rand.Rand) Query { return Query{Facets: Facets} }},
		{"textTwo", func(r *rand.Rand) Query { return Query{Text: name(r) + " " + pick(r, c.series)} }},
		{"textBrand", func(r *rand.Rand) Query { return Query{Text: pick(r, c.brands) + " " + name(r)} }},
		{"textTypo", func(r *rand.Rand) Query {
			w := name(r)
			i := 1 + r.IntN(max(len(w)-2, 1))
			return Query{Text: w[:i] + w[i+1:]}
		}},
		{"textFacets", func(r *rand.Rand) Query {
			return Query{Text: name(r), MinPrice: int64(r.IntN(300)) * 100, Currency: "EUR", Facets: []Facet{FacetBrand, FacetCategory, FacetPrice}}
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
			w := pick(r, c.names)
			if _, err := ix.Suggest(b.Context(), Sight{}, w[:min(len(w), 3+r.IntN(6))], 5); err != nil {
				b.Fatal(err)
			}
		}
	})
}
