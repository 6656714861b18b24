package ecommerce

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"entrepot"
	"entrepot/grains/ecommerce/product"
	"entrepot/persistence/search"
)

// TestFoundPageIsEncodedAsAWhole: a page put together from kept products says what
// encoding the whole page says, at any time, in any shop, whatever was kept before.
func TestFoundPageIsEncodedAsAWhole(t *testing.T) {
	const day = 86_400_000
	second := int64(700)
	states := []*product.State{
		{ID: "plain", Name: `A <b>"mug"</b>`, Price: 1250, Currency: "EUR", Rating: []int64{0, 0, 1, 2, 3}, Tags: []string{"new"}},
		{ID: "sale", Price: 1000, Currency: "EUR", Sale: &product.Sale{Percent: 20, StartsAt: 10 * day, EndsAt: 20 * day}},
		{ID: "always", Price: 1000, Currency: "JPY", Sale: &product.Sale{Price: 900}},
		{ID: "ending", Price: 1000, Currency: "EUR", Sale: &product.Sale{Price: 900, EndsAt: 20 * day}},
		{ID: "shops", ShopIDs: []string{"s1", "s2"}, Price: 1000, Currency: "EUR", ShopPrices: []product.ShopPrice{{ShopID: "s1", Price: 800}}},
		{ID: "both", ShopIDs: []string{"s1"}, Price: 1000, Currency: "EUR", ShopPrices: []product.ShopPrice{{ShopID: "s1", Price: 800}}, Sale: &product.Sale{Percent: 10, StartsAt: 15 * day}},
		{
			ID: "variants", Price: 1000, Currency: "EUR", Options: []product.Option{{Name: "size", Values: []string{"S", "L"}}},
			Variants: []product.StoredVariant{{ID: "v1", Values: []string{"S"}}, {ID: "v2", Values: []string{"L"}, Price: &second}},
		},
	}
	var now time.Time
	s := &productAPI{Deps{Lists: NewListCache(0), Now: func() time.Time { return now }}}
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		now = time.UnixMilli(r.Int64N(25) * day)
		if i := r.IntN(len(states)); r.IntN(20) == 0 { // a product changes, and the index holds another state of it
			next := *states[i]
			next.Price++
			states[i] = &next
		}
		q := &search.Query{ShopID: []string{"", "s1", "s2"}[r.IntN(3)], Text: []string{"", "mug"}[r.IntN(2)]}
		found := &search.Result{Total: r.IntN(9)}
		if r.IntN(2) == 0 {
			q.Facets = []search.Facet{search.FacetBrand}
			found.Facets = map[search.Facet][]search.Count{search.FacetBrand: {{Value: "Kaai", Count: 3}}}
		}
		if r.IntN(2) == 0 {
			found.Next = &search.Position{ID: "x", Number: 7}
		}
		want := ProductPage{Items: []FoundProduct{}, PageFacts: PageFacts{NextCursor: cursorOf(found.Next, "n")}}
		for range r.IntN(4) {
			state := states[r.IntN(len(states))]
			f := search.Found{Document: &search.Document{Source: state}, InStock: r.IntN(2) == 0}
			if r.IntN(2) == 0 {
				f.Highlights = map[string]string{"name": "<em>mug</em>"}
			}
			found.Items = append(found.Items, f)
			p := FoundProduct{ProductView: productOf(state.View(), q.ShopID, now), Highlights: f.Highlights}
			p.InStock = &f.InStock
			want.Items = append(want.Items, p)
		}
		if q.Text != "" || len(q.Facets) > 0 {
			want.Total = &found.Total
		}
		if len(q.Facets) > 0 {
			want.Facets = facetsOf(found.Facets)
		}
		got, err := s.foundPage(found, q, "n")
		if err != nil {
			t.Fatal(err)
		}
		whole, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(decoded(t, got), decoded(t, whole)) {
			t.Fatalf("at %v in shop %q\n%s\nwant\n%s", now, q.ShopID, got, whole)
		}
	}
	if l := &s.Lists.encoded; len(l.kept) != len(states) {
		t.Errorf("%d products are kept, not %d", len(l.kept), len(states))
	}
}

func decoded(t *testing.T, b []byte) (v any) {
	t.Helper()
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
	return v
}

// TestListItemsAreBounded: whatever is asked for, no more is kept than may be.
func TestListItemsAreBounded(t *testing.T) {
	l := &listItems{most: 5000}
	r := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		p := &product.State{ID: entrepot.DeriveID("p", string(rune('a'+r.IntN(26)))), Currency: "EUR", Name: strings.Repeat("x", r.IntN(6000))}
		if _, err := l.item(p, "", time.UnixMilli(0)); err != nil {
			t.Fatal(err)
		}
		sum := 0
		for id, item := range l.kept {
			sum += len(item.body)
			if item.of.ID != id {
				t.Fatalf("%s is kept as %s", item.of.ID, id)
			}
		}
		if sum != l.bytes || sum > l.most {
			t.Fatalf("%d bytes are kept, counted as %d, of %d at most", sum, l.bytes, l.most)
		}
	}
	if len(l.kept) == 0 {
		t.Error("nothing is kept")
	}
}

// TestListsHaveNamesOfTheirOwn: what a client writes into one parameter is never
// taken for another one.
func TestListsHaveNamesOfTheirOwn(t *testing.T) {
	keys := []listKey{
		{class: "a", productFilter: productFilter{brand: "x"}},
		{class: "a", productFilter: productFilter{category: "x"}},
		{class: "a", productFilter: productFilter{category: "x1:y"}},
		{class: "a", productFilter: productFilter{category: "x", brand: "y"}},
		{class: "a", productFilter: productFilter{company: "x"}},
		{class: "a", productFilter: productFilter{shop: "x"}},
		{class: "a", productFilter: productFilter{status: "x"}},
		{class: "a", productFilter: productFilter{currency: "x"}},
		{class: "a", productFilter: productFilter{minPrice: 1}},
		{class: "a", productFilter: productFilter{maxPrice: 1}},
		{class: "a", sort: "x"},
		{class: "a", cursor: "x"},
		{class: "a", found: "x"},
		{class: "a", limit: 1},
		{class: "ax"},
	}
	if n := reflect.TypeFor[listKey]().NumField() + reflect.TypeFor[productFilter]().NumField() - 1; n != 13 {
		t.Errorf("there are %d fields, and 13 in the names", n)
	}
	names := map[string]bool{}
	for i := range keys {
		names[keys[i].flight(1)], names[keys[i].flight(2)] = true, true
	}
	if len(names) != 2*len(keys) {
		t.Errorf("%d names of %d lists", len(names), 2*len(keys))
	}
}
