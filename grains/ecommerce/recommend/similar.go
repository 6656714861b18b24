package recommend

import (
	"math"
	"strings"
	"unicode"

	"entrepot"
)

// Item is the content of a product that similarity is computed from.
type Item struct {
	ID         entrepot.ID
	Name       string
	Category   string
	Brand      string
	Tags       []string
	Attributes []string // "name=value"
	Price      int64
	Currency   string
}

// The weights of a shared brand, category, tag, attribute or word of the name.
const (
	sameBrand     = 1.5
	sameCategory  = 2.0
	sameTag       = 1.2
	sameAttribute = 1.0
	sameWord      = 1.0
	priceShare    = 0.25 // of the score
)

// Similar returns the n items of a pool that are most similar to one. The score is the cosine of
// their terms weighted by rarity in the pool (TF-IDF), combined with the nearness of prices.
func Similar(to *Item, pool []Item, n int) []Scored {
	texts, in := make([]map[string]float64, len(pool)), map[string]float64{}
	for i := range pool {
		texts[i] = termsOf(&pool[i])
		for term := range texts[i] {
			in[term]++
		}
	}
	rarity := func(term string) float64 { return math.Log1p(float64(len(pool)+1) / (in[term] + 1)) }
	own := termsOf(to)
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

// termsOf returns the terms of an item with their weights.
func termsOf(it *Item) map[string]float64 {
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

// words returns the words of a name without single letters. Long words lose a final s, as a simple
// singular.
func words(name string) []string {
	separator := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
	all := strings.FieldsFunc(strings.ToLower(name), separator)
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

// nearness returns 1 for equal prices and a half for twice the price, also if the prices cannot be
// compared.
func nearness(a, b *Item) float64 {
	if a.Currency != b.Currency || a.Price <= 0 || b.Price <= 0 {
		return 0.5
	}
	p, q := float64(a.Price), float64(b.Price)
	return min(p, q) / max(p, q)
}
