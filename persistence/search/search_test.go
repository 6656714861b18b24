package search

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"entrepot"
)

type fixture struct {
	*Index
	t   *testing.T
	now time.Time
}

func newFixture(t *testing.T, docs ...*Document) *fixture {
	t.Helper()
	f := &fixture{t: t, now: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)}
	var err error
	if f.Index, err = New(Options{Now: func() time.Time { return f.now }}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	f.put(docs...)
	return f
}

func (f *fixture) put(docs ...*Document) {
	f.t.Helper()
	for _, d := range docs {
		if d.Version == 0 {
			d.Version = 1
		}
		if d.CompanyID == "" {
			d.CompanyID = "acme"
		}
		if d.Status == "" {
			d.Status, d.Active = "active", true
		}
		if d.Currency == "" {
			d.Currency = "EUR"
		}
	}
	if err := f.Put(docs...); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) find(q Query) *Result {
	f.t.Helper()
	if q.Limit == 0 {
		q.Limit = 100
	}
	r, err := f.Search(f.t.Context(), q)
	if err != nil {
		f.t.Fatal(err)
	}
	return r
}

// ids returns the ids of the products found, in order.
func (f *fixture) ids(q Query) string {
	f.t.Helper()
	var out []string
	for _, i := range f.find(q).Items {
		out = append(out, i.ID)
	}
	return strings.Join(out, " ")
}

func (f *fixture) wants(want string, q Query) {
	f.t.Helper()
	if got := f.ids(q); got != want {
		f.t.Errorf("%+v: want %q, got %q", q, want, got)
	}
}

func goods() []*Document {
	return []*Document{
		{
			ID: "cup", Name: "Espresso Cup", Brand: "Terra", Category: "cups", Path: []string{"cups", "tableware"},
			ShopIDs: []string{"A", "B"}, Price: Price{Regular: 1000}, CreatedMs: 1,
			Attributes: []Attribute{{"colour", "red"}, {"material", "stoneware"}}, Ratings: [5]int64{0, 0, 0, 0, 2},
		},
		{
			ID: "mug", Name: "Stoneware Mug", Brand: "Terra", Category: "mugs", Path: []string{"mugs", "tableware"},
			ShopIDs: []string{"A"}, Price: Price{Regular: 1500}, CreatedMs: 2, Tags: []string{"gift"},
			Attributes: []Attribute{{"colour", "blue"}, {"material", "stoneware"}}, Ratings: [5]int64{0, 0, 1},
		},
		{
			ID: "beans", Name: "Espresso Beans 1 kg", Brand: "Kaai", Category: "coffee", ShopIDs: []string{"B"},
			Price: Price{Regular: 2190}, CreatedMs: 3,
			Description: "Dark roast for the <b>espresso</b> machine & the moka pot",
		},
		{
			ID: "machine", Name: "Coffee Machine", Brand: "Maalwerk", Category: "equipment", ShopIDs: []string{"B"},
			Price: Price{Regular: 49900}, CreatedMs: 4, Description: "Makes espresso",
		},
	}
}

func TestTextIsFound(t *testing.T) {
	t.Parallel()
	f := newFixture(t, goods()...)
	f.put(
		&Document{ID: "teapot", Name: "Teapot", CreatedMs: 5},
		&Document{ID: "dripper", Name: "Pour-over Dripper", SKU: "DRIP-01", CreatedMs: 6},
		&Document{ID: "kaese", Name: "Käsebrett", CreatedMs: 7},
	)
	for text, want := range map[string]string{
		// Typing errors, order, plural.
		"espresso cup": "cup", "cup espresso": "cup", "esprezo cup": "cup", "epserso cups": "cup",
		"ESPRESSO": "beans cup machine", // name before description
		"mugs":     "mug", "terra mug": "mug", "terra stoneware": "mug cup",
		"esp": "cup beans machine", "espresso mach": "beans machine",
		"tea pot": "teapot", "pourover": "dripper", "pour over dripper": "dripper", "drip-01": "dripper",
		"kasebrett":     "kaese",
		"coffeemachine": "machine beans",
		"nothing":       "", "the": "", "\"": "", "*": "", "name:mug": "mug", "+mug -stoneware": "mug",
	} {
		if got := f.ids(Query{Text: text}); got != want {
			t.Errorf("%q: want %q, got %q", text, want, got)
		}
	}
	if got := f.ids(Query{Text: strings.Repeat("mug ", 100)}); got != "mug" {
		t.Errorf("long text: want \"mug\", got %q", got)
	}
}

// TestUnknownWordsAreIgnored checks that a word that no document contains is ignored.
func TestUnknownWordsAreIgnored(t *testing.T) {
	t.Parallel()
	f := newFixture(t, goods()...)
	f.wants("mug", Query{Text: "zzzqqq mug"})
}

func TestFilters(t *testing.T) {
	t.Parallel()
	f := newFixture(t, goods()...)
	f.SetStock(
		Stock{"i1", "cup", "A", 3, 1, ""}, Stock{"i2", "mug", "A", 0, 1, ""}, Stock{"i3", "beans", "B", 1, 1, ""},
	)
	yes, no := true, false
	for want, q := range map[string]Query{
		"mug cup":               {Categories: []string{"tableware"}},
		"cup":                   {Categories: []string{"cups"}},
		"beans mug cup":         {Brands: []string{"Terra", "Kaai"}},
		"beans":                 {Currency: "EUR", MinPrice: 1501, MaxPrice: 2190, HasMax: true},
		"mug":                   {Attributes: []Attribute{{"material", "stoneware"}, {"colour", "blue"}}},
		"mug cup ":              {Attributes: []Attribute{{"colour", "red"}, {"colour", "blue"}}},
		"mug ":                  {Tags: []string{"gift"}},
		"cup ":                  {MinRating: 4.5},
		"beans cup":             {Available: &yes},
		"machine mug":           {Available: &no},
		"machine beans cup":     {ShopID: "B"},
		"beans ":                {ShopID: "B", Available: &yes},
		"machine beans mug cup": {CompanyID: "acme"},
		"":                      {CompanyID: "other"},
		" ":                     {Currency: "USD"},
	} {
		if got := f.ids(q); got != strings.TrimSpace(want) {
			t.Errorf("%+v: want %q, got %q", q, strings.TrimSpace(want), got)
		}
	}
}

func TestStockMovementsKeepTheirOrder(t *testing.T) {
	t.Parallel()
	f := newFixture(t, goods()...)
	f.SetStock(Stock{"i", "cup", "A", 0, 7, ""})
	f.SetStock(Stock{"i", "cup", "A", 5, 6, ""})
	if in, known := f.InStock("cup"); in || !known {
		t.Errorf("after an older movement: want out of stock and known, got in stock %v, known %v", in, known)
	}
	f.SetStock(Stock{"j", "cup", "B", 1, 1, ""}) // at another location
	if in, _ := f.InStock("cup"); !in {
		t.Error("stock at another location: want in stock, got out of stock")
	}
	if _, known := f.InStock("nobody"); known {
		t.Error("unknown product: want known false, got true")
	}
}

func TestOrders(t *testing.T) {
	t.Parallel()
	f := newFixture(t, goods()...)
	f.AddSales(
		Sale{"beans", 10, f.now.Add(-60 * 24 * time.Hour)}, Sale{"mug", 2, f.now.Add(-time.Hour)},
		Sale{"cup", 1, f.now},
	)
	for sort, want := range map[Sort]string{
		Cheapest: "cup mug beans machine", Dearest: "machine beans mug cup", Newest: "machine beans mug cup",
		Oldest: "cup mug beans machine", ByName: "machine beans cup mug", MostPopular: "mug cup beans machine",
		BestRated: "cup mug beans machine", ByRelevance: "machine beans mug cup",
	} {
		f.wants(want, Query{Sort: sort})
		var paged []string
		q := Query{Sort: sort, Limit: 1}
		for {
			r := f.find(q)
			for _, i := range r.Items {
				paged = append(paged, i.ID)
			}
			if q.After = r.Next; r.Next == nil {
				break
			}
		}
		if got := strings.Join(paged, " "); got != want {
			t.Errorf("%s in pages of one: want %q, got %q", sort, want, got)
		}
	}
}

// TestPagesAreStable checks that pages of any size contain every product once, even if many are
// equal.
func TestPagesAreStable(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for i := range 200 {
		f.put(&Document{
			ID: entrepot.DeriveID(fmt.Sprint(i)), Name: "Same mug",
			Price: Price{Regular: int64(i % 3)}, CreatedMs: int64(i % 7),
		})
	}
	for _, sort := range []Sort{Cheapest, Dearest, Newest, Oldest, ByName, MostPopular, BestRated, ByRelevance} {
		for _, text := range []string{"", "mug"} {
			seen := map[string]bool{}
			q := Query{Sort: sort, Limit: 7, Text: text}
			for {
				r := f.find(q)
				for _, i := range r.Items {
					if seen[i.ID] {
						t.Fatalf("%s: product %s is on two pages", sort, i.ID)
					}
					seen[i.ID] = true
				}
				if q.After = r.Next; r.Next == nil {
					break
				}
			}
			if len(seen) != 200 {
				t.Errorf("%s: products on all pages: want 200, got %d", sort, len(seen))
			}
		}
	}
}

// TestSight checks that searchers find and count only products that they may see.
func TestSight(t *testing.T) {
	t.Parallel()
	f := newFixture(
		t,
		&Document{ID: "public", Name: "Mug one", Brand: "Open", CreatedMs: 1},
		&Document{ID: "draft", Name: "Mug two", Brand: "Secret", Status: "draft", CreatedMs: 2},
		&Document{ID: "foreign", Name: "Mug three", Brand: "Foreign", CompanyID: "other", CreatedMs: 3},
		&Document{ID: "foreigndraft", Name: "Mug four", Brand: "Hidden", CompanyID: "other", Status: "draft", CreatedMs: 4},
	)
	for _, c := range []struct {
		see            Sight
		found, brands  string
		suggestsSecret bool
	}{
		{Sight{}, "foreign public", "Foreign Open", false},
		{Sight{CompanyID: "acme"}, "draft public", "Open Secret", true},
		{Sight{CompanyID: "other"}, "foreigndraft foreign", "Foreign Hidden", false},
		{Sight{All: true}, "foreigndraft foreign draft public", "Foreign Hidden Open Secret", true},
	} {
		for _, text := range []string{"", "mug", "mgu", "mu"} {
			r := f.find(Query{Sight: c.see, Text: text, Sort: Newest, Facets: Facets})
			var found, brands []string
			for _, i := range r.Items {
				found = append(found, i.ID)
			}
			for _, b := range r.Facets[FacetBrand] {
				brands = append(brands, b.Value)
			}
			slices.Sort(brands)
			if strings.Join(found, " ") != c.found || strings.Join(brands, " ") != c.brands {
				t.Errorf("%+v %q: want %q with brands %q, got %v, %v", c.see, text, c.found, c.brands, found, brands)
			}
		}
		s, err := f.Suggest(t.Context(), c.see, "secr", 5)
		if err != nil || (len(s.Brands) == 1) != c.suggestsSecret {
			t.Errorf("%+v: want the secret brand suggested: %v, got %+v (error %v)", c.see, c.suggestsSecret, s, err)
		}
	}
	for _, h := range f.Similar(t.Context(), "public", 10) {
		if h.ID != "foreign" {
			t.Errorf("similar to the public product: want only foreign, got %s", h.ID)
		}
	}
}

func TestHighlightsAreSafe(t *testing.T) {
	t.Parallel()
	f := newFixture(t, goods()...)
	filler := strings.Repeat("long text ", 50)
	f.put(&Document{ID: "x", Name: "<script>mug</script>", Description: filler + "a mug & more " + filler})
	h := f.find(Query{Text: "espresso", Highlight: true, Brands: []string{"Kaai"}}).Items[0].Highlights
	const description = "Dark roast for the &lt;b&gt;<em>espresso</em>&lt;/b&gt; machine &amp; the moka pot"
	if h["name"] != "<em>Espresso</em> Beans 1 kg" || h["description"] != description {
		t.Errorf("highlights: want the escaped texts with <em>, got %q", h)
	}
	for _, i := range f.find(Query{Text: "mugs", Highlight: true}).Items {
		if i.ID != "x" {
			continue
		}
		if got, want := i.Highlights["name"], "&lt;script&gt;<em>mug</em>&lt;/script&gt;"; got != want {
			t.Errorf("highlighted name: want %q, got %q", want, got)
		}
		got := i.Highlights["description"]
		if len(got) > 250 || !strings.Contains(got, "a <em>mug</em> &amp; more") {
			t.Errorf("highlighted description: want at most 250 bytes around the match, got %q", got)
		}
	}
}

func TestSuggestions(t *testing.T) {
	t.Parallel()
	f := newFixture(t, goods()...)
	for typed, want := range map[string]string{
		"espr":    "[Espresso Cup Espresso Beans 1 kg Coffee Machine] [] []",
		"terr":    "[Espresso Cup Stoneware Mug] [Terra] []",
		"maalwrk": "[Coffee Machine] [Maalwerk] []",
		"tablew":  "[Espresso Cup Stoneware Mug] [] [tableware]",
	} {
		s, err := f.Suggest(t.Context(), Sight{}, typed, 5)
		if err != nil {
			t.Fatal(err)
		}
		names := func(list []Suggestion) []string {
			out := []string{}
			for _, x := range list {
				out = append(out, x.Text)
			}
			return out
		}
		products := names(s.Products)
		if got := fmt.Sprint(products, names(s.Brands), names(s.Categories)); len(got) != len(want) {
			t.Errorf("%q: want %s, got %s", typed, want, got)
		}
	}
}

func TestSimilar(t *testing.T) {
	t.Parallel()
	f := newFixture(t, goods()...)
	hits := f.Similar(t.Context(), "cup", 2)
	if len(hits) != 2 || hits[0].ID != "mug" || hits[0].Reason != "same brand Terra, material stoneware" {
		t.Errorf("similar to cup: want mug first of 2 with its reason, got %+v", hits)
	}
	for _, h := range f.Similar(t.Context(), "cup", 100) {
		if d := f.core.docs[f.core.ordinal[h.ID]]; d.CompanyID != f.core.docs[f.core.ordinal["cup"]].CompanyID {
			t.Errorf("similar to cup: %s belongs to another company", h.ID)
		}
	}
	if f.Similar(t.Context(), "nobody", 5) != nil {
		t.Error("similar to an unknown product: want nil, got products")
	}
}
