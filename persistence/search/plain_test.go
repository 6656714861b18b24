package search

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
)

// plain is the reference implementation: it answers queries by examining every document in turn.
// The index must return the same results.
type plain struct {
	*fixture
	docs map[string]*Document
	view *view // parses texts
}

// plainHit is a document with its text score.
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
	switch {
	case q.Sight.All:
		return true
	case q.Sight.CompanyID != "":
		return q.Sight.CompanyID == d.CompanyID
	default:
		return d.Active
	}
}

func traits(d *Document) []string {
	var out []string
	for _, a := range slices.Concat(d.Attributes, d.Options) {
		out = append(out, attributeKey(a))
	}
	return out
}

// passes reports whether a document passes all filters except those of one facet or attribute.
func (p *plain) passes(q *Query, d *Document, facet Facet) bool {
	among := func(of Facet, wanted []string, have ...string) bool {
		wanted = slices.DeleteFunc(slices.Clone(wanted), func(s string) bool { return s == "" })
		return (of != "" && of == facet) || len(wanted) == 0 ||
			slices.ContainsFunc(wanted, func(w string) bool { return slices.Contains(have, w) })
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
	return among("", []string{q.CompanyID}, d.CompanyID) && among("", []string{q.Status}, d.Status) &&
		among("", []string{q.Currency}, d.Currency) && among(FacetShop, []string{q.ShopID}, d.ShopIDs...) &&
		among(FacetCategory, q.Categories, append([]string{d.Category}, d.Path...)...) &&
		among(FacetBrand, q.Brands, d.Brand) && among(FacetTag, q.Tags, d.Tags...) &&
		(facet == FacetAvailability || q.Available == nil || *q.Available == p.stock[d.ID].any(q.ShopID)) &&
		(facet == FacetPrice || (price >= q.MinPrice && (!q.HasMax || price <= q.MaxPrice))) &&
		(facet == FacetRating || float64(float32(d.rating())) >= q.MinRating)
}

// within returns the visible documents that contain the largest number of the query's words.
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

func (p *plain) term(
	t *term, seen []plainHit, stems map[string]*[fieldCount]map[string]bool, found map[string]int,
) {
	if t.last {
		longer := func(w string) (int, bool) { return 0, w != t.raw && strings.HasPrefix(w, t.raw) }
		for _, w := range p.nearest(longer, maxPrefixes) {
			t.addStem(w.stem, asPrefix)
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
		p.view.correct(t)
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

// nearest returns the best of all words that fit.
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

// search returns the ids of all results in order, the documents before filtering, and the facets
// except prices.
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
	if f == FacetRating || f == FacetAvailability { // always complete, in a fixed order
		var out []Count
		fixed := map[Facet][]string{FacetRating: {"4", "3", "2", "1"}, FacetAvailability: {"true", "false"}}
		for _, v := range fixed[f] {
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
