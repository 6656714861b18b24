package search

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// someDocument returns a random document with few different words and values, so that many match
// and many are equal.
func someDocument(r *rand.Rand, i, version int) *Document {
	one := func(list ...string) string { return list[r.IntN(len(list))] }
	text := func(n int) string {
		var words []string
		for range 1 + r.IntN(n) {
			words = append(words, one("cup", "cups", "mug", "tea", "pot", "teapot", "espresso", "machine", "red",
				"käse", "pour-over", "grinder", "grinders", "mill", "kettle", fmt.Sprint("serie", r.IntN(40))))
		}
		return strings.Join(words, " ")
	}
	d := &Document{
		ID: fmt.Sprintf("%08d%d", i%7, i), Version: int64(version), CompanyID: one("a", "b"),
		Status: one("active", "active", "active", "draft"),
		Name:   text(3), SKU: fmt.Sprint("S-", i),
		Brand:       one("", "Terra", "Kaai", "Maal", fmt.Sprint("B", r.IntN(80))),
		Category:    one("cups", "mugs", "machines", ""),
		Description: text(8), Currency: one("EUR", "EUR", "EUR", "USD"),
		Price: Price{Regular: r.Int64N(30) * r.Int64N(500)}, CreatedMs: r.Int64N(50),
		Attributes: []Attribute{{"colour", one("red", "blue", "green")}},
	}
	d.Active = d.Status == "active"
	if d.Category != "" && r.IntN(2) == 0 {
		d.Path = []string{d.Category, "tableware"}
	}
	for _, shop := range []string{"s1", "s2", "s3"} {
		if r.IntN(2) == 0 {
			d.ShopIDs = append(d.ShopIDs, shop)
		}
		if r.IntN(6) == 0 {
			d.ShopPrices = map[string]Price{shop: {Regular: r.Int64N(5000)}}
		}
	}
	if r.IntN(2) == 0 {
		d.Attributes = append(d.Attributes, Attribute{"size", strconv.Itoa(r.IntN(70))})
		d.Options = []Attribute{{"colour", "red"}, {"colour", one("black", "white")}}
		d.Tags = []string{one("gift", "new", "sale")}
	}
	if r.IntN(3) == 0 {
		d.Ratings = [5]int64{r.Int64N(2), r.Int64N(2), r.Int64N(2), r.Int64N(3), r.Int64N(3)}
	}
	if r.IntN(5) == 0 {
		d.Price.OnSale, d.Price.Sale, d.Price.UntilMs = true, d.Price.Regular/2, math.MaxInt64
	}
	return d
}

func someQuery(r *rand.Rand) Query {
	one := func(list ...string) string { return list[r.IntN(len(list))] }
	maybe := func(do func()) {
		if r.IntN(4) == 0 {
			do()
		}
	}
	sorts := []Sort{"", Cheapest, Dearest, Newest, Oldest, ByName, MostPopular, BestRated, ByRelevance}
	q := Query{Limit: 1 + r.IntN(40), Sort: sorts[r.IntN(len(sorts))]}
	if r.IntN(2) == 0 {
		q.Text = one("cup", "cup red", "espresso mach", "tea pot", "teapot", "grnder", "kase", "s-1",
			"serie1 cup mug", "nothing cup", "mgu kettl", "e", "b1", "terra cup", "nothing", "pourover s",
			"cups machine tea")
	}
	maybe(func() { q.Sight.All = true })
	maybe(func() { q.Sight.CompanyID = one("a", "b", "c") })
	maybe(func() { q.CompanyID = one("a", "b") })
	maybe(func() { q.ShopID = one("s1", "s2") })
	maybe(func() { q.Status = one("active", "draft") })
	maybe(func() { q.Categories = []string{one("cups", "tableware", "nowhere"), one("", "mugs")} })
	maybe(func() { q.Brands = []string{one("Terra", "B1", "nobody"), "Kaai"} })
	maybe(func() { q.Tags = []string{one("gift", "new")} })
	maybe(func() {
		q.Attributes = []Attribute{{"colour", "red"}, {"colour", "white"}, {"size", "7"}}[:1+r.IntN(3)]
	})
	maybe(func() { q.Currency = one("EUR", "USD") })
	maybe(func() { q.MinPrice = r.Int64N(6000) })
	maybe(func() { q.MaxPrice, q.HasMax = r.Int64N(15000), true })
	maybe(func() { q.MinRating = 5 * r.Float64() })
	maybe(func() { is := r.IntN(2) == 0; q.Available = &is })
	if r.IntN(2) == 0 {
		q.Facets = Facets
		maybe(func() { q.Facets = []Facet{Facets[r.IntN(len(Facets))]} })
	}
	return q
}

// TestSearchIsAsPlainLooking compares the index with the reference implementation on random
// catalogues that keep changing.
func TestSearchIsAsPlainLooking(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2) {
		r := rand.New(rand.NewPCG(seed, 1))
		p := &plain{fixture: newFixture(t), docs: map[string]*Document{}}
		version := 0
		for round := range 4 {
			p.change(t, r, &version, 400-100*round)
			if round == 2 {
				if err := p.Renew(); err != nil {
					t.Fatal(err)
				}
			}
			for range 70 {
				q := someQuery(r)
				p.view = p.fixture.view(&q, &scratch{})
				p.compare(t, q)
			}
		}
	}
}

// change puts n documents, many of which replace others, deletes some, and changes stock and sales.
func (p *plain) change(t *testing.T, r *rand.Rand, version *int, n int) {
	t.Helper()
	var docs []*Document
	for range n {
		*version++
		d := someDocument(r, r.IntN(700), *version)
		docs = append(docs, d)
		p.docs[d.ID] = d
	}
	if err := p.Put(docs...); err != nil {
		t.Fatal(err)
	}
	for i := range n / 4 {
		d := docs[r.IntN(n)]
		p.SetStock(Stock{
			ItemID: fmt.Sprint(d.ID, i%3), ProductID: d.ID, LocationID: []string{"s1", "s2", "w"}[i%3],
			Available: r.Int64N(3), Movement: int64(*version + i),
		})
		if i%3 == 0 {
			p.AddSales(Sale{d.ID, 1 + r.Int64N(4), p.now.Add(-time.Duration(r.IntN(1000)) * time.Hour)})
		}
		if i%9 == 0 {
			p.Delete(d.ID)
			delete(p.docs, d.ID)
		}
	}
}

func (p *plain) compare(t *testing.T, q Query) {
	t.Helper()
	ids, within, facets := p.search(&q)
	ask := q
	var got []string
	for {
		res := p.find(ask)
		if res.Total != len(ids) {
			t.Fatalf("%+v: total: want %d, got %d", ask, len(ids), res.Total)
		}
		for _, i := range res.Items {
			got = append(got, i.ID)
			if i.InStock != p.stock[i.ID].any("") {
				t.Fatalf("%+v: %s in stock: want %v, got %v", ask, i.ID, !i.InStock, i.InStock)
			}
		}
		if ask.After == nil {
			p.compareFacets(t, &ask, res.Facets, facets, within)
		}
		if ask.After = res.Next; ask.After == nil {
			break
		}
	}
	if !slices.Equal(got, ids) {
		t.Fatalf("%+v: want\n%v\ngot\n%v", q, ids, got)
	}
}

func (p *plain) compareFacets(t *testing.T, q *Query, got, want map[Facet][]Count, within []plainHit) {
	t.Helper()
	for _, f := range q.Facets {
		if f != FacetPrice && !reflect.DeepEqual(got[f], want[f]) {
			t.Fatalf("%+v: facet %s: want\n%+v\ngot\n%+v", q, f, want[f], got[f])
		}
		if f != FacetPrice {
			continue
		}
		sum := 0
		for _, c := range got[f] {
			n := 0
			for _, d := range within {
				at := p.costs(d.Document, q.ShopID)
				inRange := d.Currency == c.Currency && at >= c.From && (c.Until == 0 || at < c.Until)
				if inRange && p.passes(q, d.Document, f) {
					n++
				}
			}
			if n != c.Count || n == 0 {
				t.Fatalf("%+v: price range %+v: want a positive count of %d", q, c, n)
			}
			sum += n
		}
		all := 0
		for _, d := range within {
			if len(got[f]) > 0 && d.Currency == got[f][0].Currency && p.passes(q, d.Document, f) {
				all++
			}
		}
		if sum != all {
			t.Fatalf("%+v: products in price ranges: want %d, got %d", q, all, sum)
		}
	}
}
