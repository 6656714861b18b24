package search

import (
	"context"
	"math"
)

// term is a word of a query with the stems that are looked up for it.
type term struct {
	token
	last  bool // the last word, which may be incomplete
	stems []alternative
	at    []place
}

// place is a set of documents that contain an alternative in one field, with its weight there.
type place struct {
	weight float32
	docs   *posting
}

// alternative is a stem that may stand for a word, with a factor for its certainty.
type alternative struct {
	stem   string
	factor float32
}

// Factors for words that differ from the typed one.
const (
	asJoined   = 0.95 // tea pot matches teapot
	asPrefix   = 0.6
	asTypo     = 0.75
	asTwoTypos = 0.5
)

// Limits of one query.
const (
	// MaxText is the maximum length of a query text in bytes.
	MaxText = 200
	// MaxWords is the maximum number of words of a text; later ones are ignored.
	MaxWords = 12

	wordDigits = 4 // binary digits of MaxWords

	maxPrefixes = 24 // words that an incomplete one may stand for
	maxTypos    = 8
)

// match scores the visible documents by the query's text and returns those with the largest number
// of its words: all words, if any document has all. Only these are scored.
func (v *view) match(ctx context.Context, visible bitset) (bitset, error) {
	v.terms = v.parse(v.q.Text)
	var digits [wordDigits]bitset // number of words in each document, by binary digit
	for i := range digits {
		digits[i] = v.newSet()
	}
	matching := v.newSet()
	for i := range v.terms {
		clear(matching)
		if err := v.matchTerm(ctx, &v.terms[i], visible, matching); err != nil {
			return nil, err
		}
		for j, carry := range matching {
			for d := 0; carry != 0 && d < len(digits); d++ {
				digits[d][j], carry = digits[d][j]^carry, digits[d][j]&carry
			}
		}
	}
	best, any := v.copy(visible), false
	for d := len(digits) - 1; d >= 0; d-- {
		if digits[d].intersects(best) {
			best.and(digits[d])
			any = true
		}
	}
	if !any {
		clear(best)
		return best, nil
	}
	best.each(func(o uint32) { v.all = append(v.all, o) })
	for i := range v.terms {
		v.scoreTerm(&v.terms[i], best)
	}
	for _, o := range v.all {
		v.score[o] += v.merit(o)
	}
	return best, nil
}

// merit returns the score of a document that does not depend on the query. It decides between
// documents that match equally well.
func (v *view) merit(o uint32) float32 {
	m := float32(0)
	if v.inStock.has(o) {
		m += 0.2
	}
	if v.popular[o] > 0 { // relative to the current weight: a unit sold now weighs 1
		m += float32(min(0.3, 0.1*math.Log1p(v.popular[o]/v.weight)))
	}
	return m + 0.02*v.rating[o]
}

// parse returns the terms of a text. The text is plain data without operators.
func (v *view) parse(text string) []term {
	tokens := v.words.words(text)
	if len(tokens) > MaxWords {
		tokens = tokens[:MaxWords]
	}
	out := make([]term, 0, len(tokens))
	for i, t := range tokens {
		last := i == len(tokens)-1 && t.end == len(text)
		out = append(out, term{token: t, last: last, stems: []alternative{{t.stem, 1}}})
	}
	// Two words that documents write as one.
	for i := 0; i+1 < len(out); i++ {
		joined := out[i].raw + out[i+1].raw
		if w := v.vocabulary.count[joined]; w != nil {
			a := alternative{w.stem, asJoined}
			out[i].stems, out[i+1].stems = append(out[i].stems, a), append(out[i+1].stems, a)
		}
	}
	return out
}

// matchTerm adds the documents that contain a term to matching, regardless of visibility. Typing
// errors are assumed only if no visible document contains the word as typed.
func (v *view) matchTerm(ctx context.Context, t *term, visible, matching bitset) error {
	if t.last {
		for _, n := range v.vocabulary.withPrefix(t.raw, maxPrefixes) {
			t.addStem(n.stem, asPrefix)
		}
	}
	if err := v.lookUp(ctx, t, 0, matching); err != nil {
		return err
	}
	if !matching.intersects(visible) {
		known := len(t.stems)
		v.correct(t)
		return v.lookUp(ctx, t, known, matching)
	}
	return nil
}

// scoreTerm adds a term's score to the documents that contain it. The best alternative of a
// document counts fully, every other one a little.
func (v *view) scoreTerm(t *term, best bitset) {
	for _, at := range t.at {
		w := at.weight
		v.hits = at.docs.within(best, v.hits[:0])
		for _, o := range v.hits {
			switch have := v.word[o]; {
			case have == 0:
				v.touched = append(v.touched, o)
				v.word[o] = w
			case have < w:
				v.word[o] = w + 0.05*have
			default:
				v.word[o] += 0.05 * w
			}
		}
	}
	weight := v.rarity(t.stems)
	for _, o := range v.touched {
		v.score[o] += v.word[o] * weight
		v.word[o] = 0
	}
	v.touched = v.touched[:0]
}

func (t *term) addStem(stem string, factor float32) {
	for _, a := range t.stems {
		if a.stem == stem {
			return
		}
	}
	t.stems = append(t.stems, alternative{stem, factor})
}

// lookUp finds the documents with the alternatives from index from on and adds them to matching.
func (v *view) lookUp(ctx context.Context, t *term, from int, matching bitset) error {
	for _, a := range t.stems[from:] {
		known := v.vocabulary.stems[a.stem]
		if known == nil {
			continue
		}
		for f, n := range known {
			if n == 0 {
				continue
			}
			for _, p := range []*part{v.base, v.young} {
				docs, err := p.occurrences(ctx, field(f), a.stem)
				if err != nil {
					return err
				}
				docs.into(matching)
				t.at = append(t.at, place{weights[f] * a.factor, docs})
			}
		}
	}
	return nil
}

// correct adds alternatives for a misspelt word: words one or two edits away, and the parts of a word
// that consists of two known words.
func (v *view) correct(t *term) {
	if first, second, ok := v.vocabulary.split(t.raw); ok {
		t.addStem(v.vocabulary.count[first].stem, asTypo)
		t.addStem(v.vocabulary.count[second].stem, asTypo)
	}
	before := len(t.stems)
	v.correctWithin(t, 1, asTypo)
	if len(t.stems) == before && len(t.raw) >= 5 {
		v.correctWithin(t, 2, asTwoTypos)
	}
}

func (v *view) correctWithin(t *term, distance int, factor float32) {
	if len(t.raw) < 3 || hasDigit(t.raw) {
		return // a different number is not a typing error
	}
	for _, n := range v.vocabulary.similarWords(t.raw, distance, t.last && len(t.raw) >= 4, maxTypos) {
		if len(t.raw) == 3 && n.word[0] != t.raw[0] {
			continue
		}
		t.addStem(n.stem, factor)
	}
}

func hasDigit(s string) bool {
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			return true
		}
	}
	return false
}

// split returns the most frequent pair of known words that form word together.
func (v *vocabulary) split(word string) (first, second string, ok bool) {
	most := int32(0)
	for i := 3; i+3 <= len(word); i++ {
		a, b := v.count[word[:i]], v.count[word[i:]]
		if a != nil && b != nil && min(a.n, b.n) > most {
			most, first, second, ok = min(a.n, b.n), word[:i], word[i:], true
		}
	}
	return first, second, ok
}

// rarity returns the weight of a word, which is larger if fewer documents contain it.
func (v *view) rarity(stems []alternative) float32 {
	n := int32(1)
	for _, a := range stems {
		if known := v.vocabulary.stems[a.stem]; known != nil {
			for _, c := range known {
				n = max(n, c)
			}
		}
	}
	return float32(math.Log(1 + float64(len(v.docs))/float64(n)))
}
