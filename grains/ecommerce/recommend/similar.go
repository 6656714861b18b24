package recommend

import (
	"math"
	"strings"
	"unicode"

	"entrepot"
)

// Item is a product as its content tells of it.
type Item struct {
	ID         entrepot.ID
	Name       string
	Category   string
	Brand      string
	Tags       []string
	Attributes []string // "name=value"
	PriceMinor int64
	Currency   string
}

// What the same brand, category, tag, attribute or word of the name count.
const (
	sameBrand     = 1.5
	sameCategory  = 2.0
	sameTag       = 1.2
	sameAttribute = 1.0
	sameWord      = 1.0
	priceShare    = 0.25 // of the score
)

// Similar are the n items of a pool that are most like one: the cosine of what
// they say, where what few of the pool say counts more (TF-IDF), and nearness of
// price besides.
func Similar(to *Item, pool []Item, n int) []Scored {
	texts, in := make([]map[string]float64, len(pool)), map[string]float64{}
	for i := range pool {
		texts[i] = says(&pool[i])
		for term := range texts[i] {
			in[term]++
		}
	}
	rarity := func(term string) float64 { return math.Log1p(float64(len(pool)+1) / (in[term] + 1)) }
	own := says(to)
	ownLength := length(own, rarity)
	var out []Scored
	for i := range pool {
		if pool[i].ID == to.ID {
			continue
		}
		dot := 0.0
		for term, weight := range texts[i] {
			if w, both := own[term]; both {
				r := rarity(term)
				dot += w * weight * r * r
			}
		}
		if dot == 0 {
			continue
		}
		cosine := dot / (ownLength * length(texts[i], rarity))
		out = append(out, Scored{pool[i].ID, min(1, cosine*(1-priceShare+priceShare*nearness(to, &pool[i])))})
	}
	return best(out, n)
}

// says are the terms of an item with their weights.
func says(it *Item) map[string]float64 {
	terms := map[string]float64{}
	add := func(kind, text string, weight float64) {
		if text = strings.ToLower(strings.TrimSpace(text)); text != "" {
			terms[kind+text] = weight
		}
	}
	add("c:", it.Category, sameCategory)
	add("b:", it.Brand, sameBrand)
	for _, tag := range it.Tags {
		add("t:", tag, sameTag)
	}
	for _, a := range it.Attributes {
		add("a:", a, sameAttribute)
	}
	for _, w := range words(it.Name) {
		add("w:", w, sameWord)
	}
	return terms
}

// words of a name, without what is too short to mean something, and in the singular
// as far as one letter makes it.
func words(name string) []string {
	all := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	out := all[:0]
	for _, w := range all {
		if len(w) > 3 {
			w = strings.TrimSuffix(w, "s")
		}
		if len(w) > 1 {
			out = append(out, w)
		}
	}
	return out
}

func length(terms map[string]float64, rarity func(string) float64) float64 {
	sum := 0.0
	for term, w := range terms {
		r := w * rarity(term)
		sum += r * r
	}
	return math.Sqrt(sum)
}

// nearness of two prices: 1 for the same, a half for twice as much; a half too
// where they cannot be compared.
func nearness(a, b *Item) float64 {
	if a.Currency != b.Currency || a.PriceMinor <= 0 || b.PriceMinor <= 0 {
		return 0.5
	}
	p, q := float64(a.PriceMinor), float64(b.PriceMinor)
	return min(p, q) / max(p, q)
}
