package search

import (
	"cmp"
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"
)

// Facet is a property that the products found are counted by.
type Facet string

// The facets. Each counts with all filters but its own, so it shows what another
// choice would give; attributes likewise by name.
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

// Facets are all there are.
var Facets = []Facet{FacetBrand, FacetCategory, FacetPrice, FacetRating, FacetAttributes, FacetAvailability, FacetShop, FacetTag}

// MaxCounts is how many values of one facet are answered, the most frequent.
const MaxCounts = 50

// Count is how many products have a value.
type Count struct {
	Name  string // of the attribute
	Value string // a shop or category by id or slug; stars as a digit: so many and more
	Count int
	// Of the price facet: from From to under Until, in minor units.
	From, Until int64
	Currency    string
}

func facetOf(attribute string) Facet { return FacetAttributes + Facet("\x00"+attribute) }

func (v *view) facets(within, fits *roaring.Bitmap) map[Facet][]Count {
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
	return slices.ContainsFunc(v.groups, func(g group) bool { return g.of == facet })
}

func (v *view) countBy(f Facet, set, within *roaring.Bitmap) []Count {
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
		return v.stars(set)
	case FacetAvailability:
		in := int(roaring.And(set, v.stocked(set)).GetCardinality())                                        //nolint:gosec // a count of products in memory
		return []Count{{Value: "true", Count: in}, {Value: "false", Count: int(set.GetCardinality()) - in}} //nolint:gosec // a count of products in memory
	default:
		return v.attributes(set, within)
	}
}

// tally counts the values of a dimension in a set: from the side that is smaller.
func (v *view) tally(d *dimension, set *roaring.Bitmap) []int32 {
	if len(v.counts) < len(d.values) {
		v.counts = make([]int32, len(d.values)+len(d.values)/4)
	}
	counts := v.counts[:len(d.values)]
	clear(counts)
	v.each(set, func(o uint32) {
		for _, id := range d.of(o) {
			counts[id]++
		}
	})
	return counts
}

func (v *view) count(d *dimension, set *roaring.Bitmap) []Count {
	var out []Count
	for id, n := range v.tally(d, set) {
		if n > 0 {
			out = append(out, Count{Value: d.values[id], Count: int(n)})
		}
	}
	return most(out)
}

func most(out []Count) []Count {
	slices.SortFunc(out, func(a, b Count) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Name, b.Name), strings.Compare(a.Value, b.Value))
	})
	return out[:min(len(out), MaxCounts)]
}

// attributes counts those that are filtered by without their own filter, the
// others with all filters.
func (v *view) attributes(set, within *roaring.Bitmap) []Count {
	var out []Count
	add := func(set *roaring.Bitmap, of func(name string) bool) {
		for id, n := range v.tally(v.attribute, set) {
			name, value, _ := strings.Cut(v.attribute.values[id], "\x00")
			if n > 0 && of(name) {
				out = append(out, Count{Name: name, Value: value, Count: int(n)})
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
	return most(out)
}

// stars counts those with at least so many, best first.
func (v *view) stars(set *roaring.Bitmap) []Count {
	var n [6]int
	v.each(set, func(o uint32) { n[int(v.rating[o])]++ })
	var out []Count
	sum := n[5]
	for s := 4; s >= 1; s-- {
		sum += n[s]
		out = append(out, Count{Value: string(rune('0' + s)), Count: sum})
	}
	return out
}

// maxRanges is how many ranges the price facet has at most.
const maxRanges = 6

// prices are ranges that hold about as many products each, at round limits, in
// the currency asked for or else the most frequent one.
func (v *view) prices(set *roaring.Bitmap) []Count {
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
	if other := roaring.AndNot(set, v.currency.any(currency)); !other.IsEmpty() {
		set = roaring.And(set, v.currency.any(currency))
	}
	// Prices by steps that are fine enough for any range: sixteenths of a power of two.
	var steps [64 * 16]int
	v.each(set, func(o uint32) { steps[stepOf(v.priceIn(o, v.q.ShopID, v.now))]++ })
	total, share := int(set.GetCardinality()), 0 //nolint:gosec // a count of products in memory
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
	return v.exact(out, set)
}

// exact counts again at the limits that were chosen.
func (v *view) exact(ranges []Count, set *roaring.Bitmap) []Count {
	for i := range ranges {
		ranges[i].Count = 0
	}
	v.each(set, func(o uint32) {
		p := v.priceIn(o, v.q.ShopID, v.now)
		for i := len(ranges) - 1; i >= 0; i-- {
			if p >= ranges[i].From {
				ranges[i].Count++
				return
			}
		}
	})
	return slices.DeleteFunc(ranges, func(c Count) bool { return c.Count == 0 })
}

// stepOf is the step of a price: its highest bit and the four below it.
func stepOf(p int64) int {
	if p < 16 {
		return int(max(p, 0))
	}
	high := 0
	for q := p; q >= 32; q >>= 1 {
		high++
	}
	return (high+1)*16 + int(p>>high) - 16
}

func stepStart(step int) int64 {
	if step < 16 {
		return int64(step)
	}
	return int64(step%16+16) << (step/16 - 1)
}

// round is a price, or the next higher, with two digits that say something.
func round(p int64) int64 {
	unit := int64(1)
	for p/unit >= 100 {
		unit *= 10
	}
	return (p + unit - 1) / unit * unit
}
