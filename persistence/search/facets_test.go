package search

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestFacetsCountWithTheOtherFilters(t *testing.T) {
	t.Parallel()
	f := newFixture(t, goods()...)
	f.SetStock(Stock{"i1", "cup", "A", 3, 1, ""})
	count := func(r *Result, facet Facet) string {
		var out []string
		for _, c := range r.Facets[facet] {
			out = append(out, strings.TrimPrefix(fmt.Sprintf("%s=%s:%d", c.Name, c.Value, c.Count), "="))
		}
		slices.Sort(out)
		return strings.Join(out, " ")
	}
	r := f.find(Query{Brands: []string{"Terra"}, Attributes: []Attribute{{"colour", "red"}}, Facets: Facets})
	for facet, want := range map[Facet]string{
		FacetBrand:        "Terra:1", // of red things
		FacetCategory:     "cups:1 tableware:1",
		FacetAttributes:   "colour=blue:1 colour=red:1 material=stoneware:1",
		FacetAvailability: "false:0 true:1",
		FacetShop:         "A:1 B:1",
		FacetRating:       "1:1 2:1 3:1 4:1",
		FacetTag:          "",
	} {
		if got := count(r, facet); got != want {
			t.Errorf("facet %s: want %q, got %q", facet, want, got)
		}
	}
	if r.Total != 1 {
		t.Errorf("total: want 1, got %d", r.Total)
	}
	all := f.find(Query{Facets: []Facet{FacetBrand, FacetPrice}, MaxPrice: 1600, HasMax: true, Currency: "EUR"})
	if got := count(all, FacetBrand); got != "Terra:2" {
		t.Errorf("brands up to the maximum price: want \"Terra:2\", got %q", got)
	}
	sum := 0
	for i, c := range all.Facets[FacetPrice] {
		sum += c.Count
		if c.Currency != "EUR" || (i > 0 && c.From != all.Facets[FacetPrice][i-1].Until) {
			t.Errorf("price ranges: want adjacent ranges in EUR, got %+v", all.Facets[FacetPrice])
		}
	}
	if sum != 4 {
		t.Errorf("price facet without its own filter: want 4 products, got %d", sum)
	}
}

// TestPriceRangesAreExact checks that each range counts exactly the prices within it.
func TestPriceRangesAreExact(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var prices []int64
	for i := range 500 {
		p := int64(i*i%9973 + 1)
		prices = append(prices, p)
		f.put(&Document{ID: fmt.Sprint(i), Name: "x", Price: Price{Regular: p}})
	}
	ranges := f.find(Query{Facets: []Facet{FacetPrice}}).Facets[FacetPrice]
	if len(ranges) < 4 || len(ranges) > 8 {
		t.Errorf("ranges: want 4 to 8, got %d", len(ranges))
	}
	for _, r := range ranges {
		n := 0
		for _, p := range prices {
			if p >= r.From && (r.Until == 0 || p < r.Until) {
				n++
			}
		}
		if n != r.Count {
			t.Errorf("range %+v: want a count of %d", r, n)
		}
	}
}
