package search

import (
	"cmp"
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

// plain answers queries by looking at every document, one after the other: what
// the index answers must be the same.
type plain struct {
	*fixture
	docs map[string]*Document
	view *view // for what a text means
}

// hit is a document with the score of the text.
type plainHit struct {
	*Document
	score float32
}

func (p *plain) costs(d *Document, shop string) int64 {
	if at, ok := d.ShopPrices[shop]; ok && shop != "" {
		return at.At(p.now.UnixMilli())
	}
	return d.Price.At(p.now.UnixMilli())
}

func (p *plain) sees(q *Query, d *Document) bool {
	return q.Sight.All || (q.Sight.CompanyID != "" && q.Sight.CompanyID == d.CompanyID) || (q.Sight.CompanyID == "" && d.Active)
}

func traits(d *Document) []string {
	var out []string
	for _, a := range slices.Concat(d.Attributes, d.Options) {
		out = append(out, attributeKey(a))
	}
	return out
}

// passes all filters but those of one facet, or of one attribute.
func (p *plain) passes(q *Query, d *Document, facet Facet) bool {
	among := func(of Facet, wanted []string, have ...string) bool {
		wanted = slices.DeleteFunc(slices.Clone(wanted), func(s string) bool { return s == "" })
		return (of != "" && of == facet) || len(wanted) == 0 || slices.ContainsFunc(wanted, func(w string) bool { return slices.Contains(have, w) })
	}
	byName := map[string][]string{}
	for _, a := range q.Attributes {
		byName[a.Name] = append(byName[a.Name], attributeKey(a))
	}
	for name, keys := range byName {
		if !among(facetOf(name), keys, traits(d)...) {
			return false
		}
	}
	price := p.costs(d, q.ShopID)
	return among("", []string{q.CompanyID}, d.CompanyID) && among("", []string{q.Status}, d.Status) && among("", []string{q.Currency}, d.Currency) &&
		among(FacetShop, []string{q.ShopID}, d.ShopIDs...) && among(FacetCategory, q.Categories, append([]string{d.Category}, d.Path...)...) &&
		among(FacetBrand, q.Brands, d.Brand) && among(FacetTag, q.Tags, d.Tags...) &&
		(facet == FacetAvailability || q.Available == nil || *q.Available == p.stock[d.ID].any(q.ShopID)) &&
		(facet == FacetPrice || (price >= q.MinPrice && (!q.HasMax || price <= q.MaxPrice))) &&
		(facet == FacetRating || float64(float32(d.rating())) >= q.MinRating)
}

// within is what may be seen and has most of the words.
func (p *plain) within(q *Query) []plainHit {
	var seen []plainHit
	for _, d := range p.docs {
		if p.sees(q, d) {
			seen = append(seen, plainHit{Document: d})
		}
	}
	if q.Text == "" {
		return seen
	}
	stems := map[string]*[fieldCount]map[string]bool{}
	for _, d := range seen {
		at := &[fieldCount]map[string]bool{}
		for f, texts := range textsOf(d.Document) {
			at[f] = map[string]bool{}
			for _, text := range texts {
				for _, t := range p.words.withJoined(text) {
					at[f][t.stem] = true
				}
			}
		}
		stems[d.ID] = at
	}
	found := map[string]int{}
	for _, t := range p.view.parse(q.Text) {
		p.term(&t, seen, stems, found)
	}
	most := 0
	for _, n := range found {
		most = max(most, n)
	}
	return slices.DeleteFunc(seen, func(d plainHit) bool { return most == 0 || found[d.ID] < most })
}

func (p *plain) term(t *term, seen []plainHit, stems map[string]*[fieldCount]map[string]bool, found map[string]int) {
	if t.last {
		for _, w := range p.nearest(func(w string) (int, bool) { return 0, w != t.raw && strings.HasPrefix(w, t.raw) }, maxPrefixes) {
			t.also(w.stem, asPrefix)
		}
	}
	score := func() (word map[string]float32) {
		word = map[string]float32{}
		for _, d := range seen {
			for _, a := range t.stems {
				for f := range stems[d.ID] {
					if !stems[d.ID][f][a.stem] {
						continue
					}
					switch w, have := weights[f]*a.factor, word[d.ID]; {
					case have < w:
						word[d.ID] = w + 0.05*have
					default:
						word[d.ID] += 0.05 * w
					}
				}
			}
		}
		return word
	}
	word := score()
	if len(word) == 0 {
		p.view.mend(t)
		word = score()
	}
	weight := p.view.rarity(t.stems)
	for i := range seen {
		if w := word[seen[i].ID]; w > 0 {
			found[seen[i].ID]++
			seen[i].score += w * weight
		}
	}
}

// nearest sorts all the words that fit.
func (p *plain) nearest(fits func(word string) (distance int, ok bool), most int) []near {
	var out []near
	for word, w := range p.core.vocabulary.count {
		if d, ok := fits(word); ok {
			out = append(out, near{word, w.stem, d, w.n})
		}
	}
	slices.SortFunc(out, func(a, b near) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(b.n, a.n), strings.Compare(a.word, b.word))
	})
	return out[:min(len(out), most)]
}

func (p *plain) merit(d *Document) float32 {
	m := float32(0)
	if p.stock[d.ID].any("") {
		m += 0.2
	}
	if sold := p.sold[d.ID]; sold > 0 {
		m += float32(min(0.3, 0.1*math.Log1p(sold/p.view.weight)))
	}
	return m + 0.02*float32(d.rating())
}

// find is the ids of all that fits, in their order, and the facets but for prices.
func (p *plain) search(q *Query) (ids []string, within []plainHit, facets map[Facet][]Count) {
	within = p.within(q)
	var fits []plainHit
	for _, d := range within {
		if q.Text != "" {
			d.score += p.merit(d.Document)
		}
		if p.passes(q, d.Document, "") {
			fits = append(fits, d)
		}
	}
	number := func(d plainHit) float64 {
		switch q.Sort {
		case Cheapest:
			return float64(p.costs(d.Document, q.ShopID))
		case Dearest:
			return -float64(p.costs(d.Document, q.ShopID))
		case Oldest:
			return float64(d.CreatedMs)
		case ByName:
			return 0
		case MostPopular:
			return -p.sold[d.ID]
		case BestRated:
			return -float64(float32(d.rating()))
		case ByRelevance, "":
			if q.Text != "" {
				return -float64(d.score)
			}
		}
		return -float64(d.CreatedMs)
	}
	slices.SortFunc(fits, func(a, b plainHit) int {
		name := 0
		if q.Sort == ByName {
			name = strings.Compare(a.Name, b.Name)
		}
		return cmp.Or(cmp.Compare(number(a), number(b)), name, strings.Compare(a.ID, b.ID))
	})
	for _, d := range fits {
		ids = append(ids, d.ID)
	}
	facets = map[Facet][]Count{}
	for _, f := range q.Facets {
		if f != FacetPrice {
			facets[f] = p.facet(q, f, within)
		}
	}
	return ids, within, facets
}

func (p *plain) facet(q *Query, f Facet, within []plainHit) []Count {
	counts := map[Count]int{}
	for _, d := range within {
		if f == FacetAttributes {
			keys := traits(d.Document)
			slices.Sort(keys)
			for _, key := range slices.Compact(keys) {
				name, value, _ := strings.Cut(key, "\x00")
				if p.passes(q, d.Document, facetOf(name)) {
					counts[Count{Name: name, Value: value}]++
				}
			}
			continue
		}
		if !p.passes(q, d.Document, f) {
			continue
		}
		var values []string
		switch f {
		case FacetBrand:
			values = []string{d.Brand}
		case FacetCategory:
			values = append([]string{d.Category}, d.Path...)
		case FacetShop:
			values = slices.Clone(d.ShopIDs)
		case FacetTag:
			values = slices.Clone(d.Tags)
		case FacetRating:
			for s := 1; s <= int(float32(d.rating())) && s <= 4; s++ {
				values = append(values, strconv.Itoa(s))
			}
		case FacetAvailability:
			values = []string{strconv.FormatBool(p.stock[d.ID].any(q.ShopID))}
		}
		slices.Sort(values)
		for _, v := range slices.Compact(values) {
			if v != "" {
				counts[Count{Value: v}]++
			}
		}
	}
	if f == FacetRating || f == FacetAvailability { // all are told, in their own order
		var out []Count
		for _, v := range map[Facet][]string{FacetRating: {"4", "3", "2", "1"}, FacetAvailability: {"true", "false"}}[f] {
			out = append(out, Count{Value: v, Count: counts[Count{Value: v}]})
		}
		return out
	}
	var out []Count
	for c, n := range counts {
		c.Count = n
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b Count) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Name, b.Name), strings.Compare(a.Value, b.Value))
	})
	return out[:min(len(out), MaxCounts)]
}

// someDocument is a document by chance, of few words and values, so that many fit
// and many are equal.
func someDocument(r *rand.Rand, i, version int) *Document {
	one := func(list ...string) string { return list[r.IntN(len(list))] }
	text := func(n int) string {
		var words []string
		for range 1 + r.IntN(n) {
			words = append(words, one("cup", "cups", "mug", "tea", "pot", "teapot", "espresso", "machine", "red", "käse", "pour-over", "grinder", "grinders", "mill", "kettle", fmt.Sprint("serie", r.IntN(40))))
		}
		return strings.Join(words, " ")
	}
	d := &Document{
		ID: fmt.Sprintf("%08d%d", i%7, i), Version: int64(version), CompanyID: one("a", "b"), Status: one("active", "active", "active", "draft"),
		Name: text(3), SKU: fmt.Sprint("S-", i), Brand: one("", "Terra", "Kaai", "Maal", fmt.Sprint("B", r.IntN(80))), Category: one("cups", "mugs", "machines", ""),
		Description: text(8), Currency: one("EUR", "EUR", "EUR", "USD"), Price: Price{Regular: r.Int64N(30) * r.Int64N(500)}, CreatedMs: r.Int64N(50),
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
	q := Query{Limit: 1 + r.IntN(40), Sort: []Sort{"", Cheapest, Dearest, Newest, Oldest, ByName, MostPopular, BestRated, ByRelevance}[r.IntN(9)]}
	if r.IntN(2) == 0 {
		q.Text = one("cup", "cup red", "espresso mach", "tea pot", "teapot", "grnder", "kase", "s-1", "serie1 cup mug", "nothing cup", "mgu kettl", "e", "b1", "terra cup", "nothing", "pourover s", "cups machine tea")
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

// TestSearchIsAsPlainLooking: over random catalogues that change all the time.
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

// change puts n documents, of which many replace others, deletes some, moves
// stock and sells.
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
		p.SetStock(Stock{ItemID: fmt.Sprint(d.ID, i%3), ProductID: d.ID, LocationID: []string{"s1", "s2", "w"}[i%3], Available: r.Int64N(3), Movement: int64(*version + i)})
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
			t.Fatalf("%+v: %d fit, want %d", ask, res.Total, len(ids))
		}
		for _, i := range res.Items {
			got = append(got, i.ID)
			if i.InStock != p.stock[i.ID].any("") {
				t.Fatalf("%+v: %s in stock: %v", ask, i.ID, i.InStock)
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
		t.Fatalf("%+v: found\n%v, want\n%v", q, got, ids)
	}
}

func (p *plain) compareFacets(t *testing.T, q *Query, got, want map[Facet][]Count, within []plainHit) {
	t.Helper()
	for _, f := range q.Facets {
		if f != FacetPrice && !reflect.DeepEqual(got[f], want[f]) {
			t.Fatalf("%+v: %s\n%+v, want\n%+v", q, f, got[f], want[f])
		}
		if f != FacetPrice {
			continue
		}
		sum := 0
		for _, c := range got[f] {
			n := 0
			for _, d := range within {
				if at := p.costs(d.Document, q.ShopID); d.Currency == c.Currency && p.passes(q, d.Document, f) && at >= c.From && (c.Until == 0 || at < c.Until) {
					n++
				}
			}
			if n != c.Count || n == 0 {
				t.Fatalf("%+v: %+v, want %d", q, c, n)
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
			t.Fatalf("%+v: %d in price ranges, want %d", q, sum, all)
		}
	}
}

// TestWordsAreAsPlainLooking: beginnings, typing errors and what nearly begins.
func TestWordsAreAsPlainLooking(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 5))
	word := func() string {
		var b strings.Builder
		for range 1 + r.IntN(7) {
			b.WriteRune([]rune("abcé")[r.IntN(4)])
		}
		return b.String()
	}
	v := newVocabulary()
	p := &plain{fixture: &fixture{Index: &Index{core: &core{vocabulary: v}}}}
	for range 20 {
		c := newChange()
		for range 60 {
			w := word()
			c.add(inName, token{raw: w, stem: w})
		}
		v.apply(c)
	}
	for range 2000 {
		w, open, most := word(), r.IntN(2) == 0, 1+r.IntN(12)
		if got, want := v.beginning(w, most), p.nearest(func(s string) (int, bool) { return 0, s != w && strings.HasPrefix(s, w) }, most); !slices.Equal(got, want) {
			t.Fatalf("beginning %q: %v, want %v", w, got, want)
		}
		distance := 1 + r.IntN(2)
		want := p.nearest(func(s string) (int, bool) {
			d := edits([]rune(s), []rune(w), open)
			return d, d <= distance
		}, most)
		if got := v.like(w, distance, open, most); !slices.Equal(got, want) {
			t.Fatalf("like %q (%d, open: %v): %v, want %v", w, distance, open, got, want)
		}
		other := word()
		if got, want := nearlyBegins(other, w), edits([]rune(other), []rune(w), true) <= 1; got != want {
			t.Fatalf("%q nearly begins with %q: %v", other, w, got)
		}
	}
}

// edits is the number of edits from typed to the word, or with open to the
// beginning of it that is nearest.
func edits(word, typed []rune, open bool) int {
	rows := make([][]int, len(word)+1)
	for i := range rows {
		rows[i] = make([]int, len(typed)+1)
		for j := range rows[i] {
			switch {
			case i == 0:
				rows[i][j] = j
				continue
			case j == 0:
				rows[i][j] = i
				continue
			}
			cost := 1
			if word[i-1] == typed[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j-1]+cost, rows[i-1][j]+1, rows[i][j-1]+1)
			if i > 1 && j > 1 && word[i-1] == typed[j-2] && word[i-2] == typed[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	least := rows[len(word)][len(typed)]
	for i := range rows {
		if open && i > 0 {
			least = min(least, rows[i][len(typed)])
		}
	}
	return least
}
