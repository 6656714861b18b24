package search

import (
	"math/bits"
	"slices"
	"strings"
)

// Facet is a property by which matching products are counted.
type Facet string

// Facets. Each facet ignores its own filter and applies all others, so it shows what another choice
// would give; attributes do so by name.
const (
	FacetBrand        Facet = "brand"
	FacetCategory     Facet = "category"
	FacetPrice        Facet = "price"
	FacetRating       Facet = "rating"
	FacetAttributes   Facet = "attributes"
	FacetAvailability Facet = "availability"
	FacetShop         Facet = "shop"
	FacetTag          Facet = "tag"
)

// Facets lists all facets.
var Facets = []Facet{
	FacetBrand, FacetCategory, FacetPrice, FacetRating, FacetAttributes, FacetAvailability, FacetShop, FacetTag,
}

// MaxCounts is the maximum number of values returned for a facet, most frequent first.
const MaxCounts = 50

// Count is the number of products with a value.
type Count struct {
	Name  string // attribute name
	Value string // shop id, category slug, …; for ratings a digit n meaning n stars or more
	Count int
	// From and Until bound a range of the price facet in minor units: From inclusive, Until
	// exclusive, 0 for no bound.
	From, Until int64
	Currency    string
}

func facetOf(attribute string) Facet { return FacetAttributes + Facet("\x00"+attribute) }

func (v *view) facets(within, fits bitset) map[Facet][]Count {
	if len(v.q.Facets) == 0 {
		return nil
	}
	out := make(map[Facet][]Count, len(v.q.Facets))
	for _, f := range v.q.Facets {
		set := fits
		if v.filters(string(f)) {
			set = v.except(within, string(f))
		}
		out[f] = v.countBy(f, set, within)
	}
	return out
}

func (v *view) filters(facet string) bool {
	return slices.ContainsFunc(v.groups, func(g group) bool { return g.facet == facet })
}

func (v *view) countBy(f Facet, set, within bitset) []Count {
	switch f {
	case FacetBrand:
		return v.count(v.brand, set)
	case FacetCategory:
		return v.count(v.category, set)
	case FacetShop:
		return v.count(v.shop, set)
	case FacetTag:
		return v.count(v.tag, set)
	case FacetPrice:
		return v.prices(set)
	case FacetRating:
		return v.ratingCounts(set)
	case FacetAvailability:
		in := v.available(set).count()
		return []Count{{Value: "true", Count: in}, {Value: "false", Count: set.count() - in}}
	default:
		return v.attributes(set, within)
	}
}

// tally counts the values of a dimension in a set by the cheapest of three ways: over the documents
// of the set, over the visible documents missing from the set, or value by value.
func (v *view) tally(d *dimension, set bitset) []int32 {
	if len(v.counts) <= len(d.values) {
		v.counts = make([]int32, len(d.values)+len(d.values)/4+1)
	}
	counts := v.counts[:len(d.values)+1]
	clear(counts)
	n := set.count()
	if n == 0 {
		return counts[1:]
	}
	totals, all := v.totals(d)
	missing := n
	if totals != nil {
		missing = all.count() - n
	}
	switch each := len(d.values) * v.size / 2; { // two words of a bitset take as long as looking up one document
	case each < min(n, missing):
		docs := set.roaring()
		for id := range d.values {
			counts[id+1] = int32(docs.AndCardinality(d.docs[id])) //nolint:gosec // a count of products in memory
		}
	case missing < n:
		rest := v.copy(all)
		rest.andNot(set)
		d.walk(rest, counts)
		for id, n := range totals {
			counts[id+1] = n - counts[id+1]
		}
	default:
		d.walk(set, counts)
	}
	return counts[1:]
}

// totals returns the counts and the set of everything that the searcher may see; nil if the counts
// are not kept.
func (v *view) totals(d *dimension) (counts []int32, of bitset) {
	switch {
	case v.q.Sight.All:
		return d.alive, v.alive
	case v.q.Sight.CompanyID != "":
		return nil, nil
	default:
		return d.active, v.active
	}
}

// walk counts the values of documents; counts[0] counts documents without a value.
func (d *dimension) walk(set bitset, counts []int32) {
	for i, w := range set {
		for ; w != 0; w &= w - 1 {
			o := i*64 + bits.TrailingZeros64(w)
			if single := d.single[o]; single != manyValues {
				counts[single]++
				continue
			}
			for _, id := range d.of(uint32(o)) { //nolint:gosec // an ordinal
				counts[id+1]++
			}
		}
	}
}

func (v *view) count(d *dimension, set bitset) []Count {
	best := v.newFrequent(d)
	for id, n := range v.tally(d, set) {
		best.take(frequency{n, uint32(id)})
	}
	return best.counts()
}

// attributes counts each filtered attribute without its own filter and all other attributes with
// all filters.
func (v *view) attributes(set, within bitset) []Count {
	best := v.newFrequent(v.attribute)
	add := func(set bitset, of func(name string) bool) {
		for id, n := range v.tally(v.attribute, set) {
			f := frequency{n, uint32(id)}
			if !best.takes(f) {
				continue
			}
			if name, _, _ := strings.Cut(v.attribute.values[id], "\x00"); of(name) {
				best.take(f)
			}
		}
	}
	chosen := map[string]bool{}
	for _, a := range v.q.Attributes {
		if !chosen[a.Name] {
			chosen[a.Name] = true
			add(v.except(within, string(facetOf(a.Name))), func(name string) bool { return name == a.Name })
		}
	}
	add(set, func(name string) bool { return !chosen[name] })
	out := best.counts()
	for i := range out {
		out[i].Name, out[i].Value, _ = strings.Cut(out[i].Value, "\x00")
	}
	return out
}

// ratingCounts counts the products with at least 4, 3, 2 and 1 stars.
func (v *view) ratingCounts(set bitset) []Count {
	var n [6]int
	for id, count := range v.tally(v.stars, set) {
		n[v.stars.values[id][0]-'0'] = int(count)
	}
	var out []Count
	sum := n[5]
	for s := 4; s >= 1; s-- {
		sum += n[s]
		out = append(out, Count{Value: string(rune('0' + s)), Count: sum})
	}
	return out
}

// maxRanges is the maximum number of ranges in the price facet.
const maxRanges = 6

// prices divides the products of a set into price ranges of about equal size with round limits. It
// uses the requested currency, or else the most frequent one.
func (v *view) prices(set bitset) []Count {
	currency := v.q.Currency
	if currency == "" {
		most := int32(0)
		for id, n := range v.tally(v.currency, set) {
			if n > most {
				most, currency = n, v.currency.values[id]
			}
		}
	}
	if currency == "" {
		return nil
	}
	in := v.currency.any(v.newSet(), currency)
	in.and(set)
	set = in
	var steps [maxSteps]int // number of prices in each step
	if v.q.ShopID == "" {
		for id, n := range v.tally(v.steps, set) {
			steps[v.step(id)] = int(n)
		}
	} else {
		set.each(func(o uint32) { steps[stepOf(v.priceIn(o, v.q.ShopID, v.now))]++ })
	}
	total, share := set.count(), 0
	var out []Count
	last := Count{Currency: currency}
	for i, n := range steps {
		if n == 0 {
			continue
		}
		if at := round(stepStart(i)); share >= (total+maxRanges-1)/maxRanges && at > last.From {
			last.Until, last.Count = at, share
			out = append(out, last)
			last, share = Count{Currency: currency, From: at}, 0
		}
		share += n
	}
	if share > 0 {
		last.Count = share
		out = append(out, last)
	}
	return v.recount(out, set, &steps)
}

// recount recounts the ranges at their limits: for a step that contains a limit, the prices are
// compared one by one.
func (v *view) recount(ranges []Count, set bitset, steps *[maxSteps]int) []Count {
	at := 0
	for i := range ranges {
		ranges[i].Count = 0
	}
	for s, n := range steps {
		for at+1 < len(ranges) && stepStart(s) >= ranges[at+1].From {
			at++
		}
		if n > 0 {
			ranges[at].Count += n
		}
	}
	for i := 1; i < len(ranges); i++ {
		if from := ranges[i].From; stepStart(stepOf(from)) < from {
			n := v.above(set, from)
			ranges[i-1].Count -= n
			ranges[i].Count += n
		}
	}
	return slices.DeleteFunc(ranges, func(c Count) bool { return c.Count == 0 })
}

// above counts the products of a set that cost at least limit and are in its step.
func (v *view) above(set bitset, limit int64) (n int) {
	step := stepOf(limit)
	if v.q.ShopID != "" {
		set.each(func(o uint32) {
			if p := v.priceIn(o, v.q.ShopID, v.now); p >= limit && stepOf(p) == step {
				n++
			}
		})
		return n
	}
	docs := v.steps.any(v.newSet(), stepValue(step))
	docs.and(set)
	docs.each(func(o uint32) {
		if v.price[o] >= limit {
			n++
		}
	})
	return n
}

// round returns the price rounded up to two significant digits.
func round(p int64) int64 {
	unit := int64(1)
	for p/unit >= 100 {
		unit *= 10
	}
	return (p + unit - 1) / unit * unit
}
