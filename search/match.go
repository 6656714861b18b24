package search

import (
	"context"
	"math"
)

// term is a word of a query with what is looked up for it.
type term struct {
	token
	last  bool // it may not be complete yet
	stems []alternative
	at    []place
}

// place is where an alternative occurs, and what it counts for there.
type place struct {
	weight float32
	docs   *posting
}

// alternative is a stem that stands for a word, and how surely.
type alternative struct {
	stem   string
	factor float32
}

// How much less something counts that was not typed exactly so.
const (
	asJoined   = 0.95 // tea pot for teapot
	asPrefix   = 0.6
	asTypo     = 0.75
	asTwoTypos = 0.5
)

// Bounds of one query.
const (
	// MaxText is how long a text may be, in bytes.
	MaxText = 200
	// MaxWords is how many words of a text count; those after are not looked at.
	MaxWords = 12

	wordDigits = 4 // binary ones, of MaxWords

	maxPrefixes = 24 // words that an unfinished one may stand for
	maxTypos    = 8
)

// match scores what is visible by the query's text and answers the documents
// that have most of its words: all, if any document has all. Only they are scored.
func (v *view) match(ctx context.Context, visible bitset) (bitset, error) {
	v.terms = v.parse(v.q.Text)
	var digits [wordDigits]bitset // of how many words a document has, by binary digit
	for i := range digits {
		digits[i] = v.take()
	}
	having := v.take()
	for i := range v.terms {
		clear(having)
		if err := v.matchTerm(ctx, &v.terms[i], visible, having); err != nil {
			return nil, err
		}
		for j, carry := range having {
			for d := 0; carry != 0 && d < len(digits); d++ {
				digits[d][j], carry = digits[d][j]^carry, digits[d][j]&carry
			}
		}
	}
	best, any := v.copy(visible), false
	for d := len(digits) - 1; d >= 0; d-- {
		if digits[d].meets(best) {
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

// merit is what speaks for a document whatever is asked for. It decides between
// documents that fit alike.
func (v *view) merit(o uint32) float32 {
	m := float32(0)
	if v.inStock.has(o) {
		m += 0.2
	}
	if v.popular[o] > 0 { // relative to sales of now; a piece sold now weighs 1
		m += float32(min(0.3, 0.1*math.Log1p(v.popular[o]/v.weight)))
	}
	return m + 0.02*v.rating[o]
}

// parse makes the terms of a text. It is data: no sign in it is an operator.
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
	// Two words that are written as one elsewhere.
	for i := 0; i+1 < len(out); i++ {
		joined := out[i].raw + out[i+1].raw
		if w := v.vocabulary.count[joined]; w != nil {
			a := alternative{w.stem, asJoined}
			out[i].stems, out[i+1].stems = append(out[i].stems, a), append(out[i+1].stems, a)
		}
	}
	return out
}

// matchTerm finds the documents that have a term, whoever may see them. What was
// typed counts first; only when nobody visible has it, typing errors are assumed.
func (v *view) matchTerm(ctx context.Context, t *term, visible, having bitset) error {
	if t.last {
		for _, n := range v.vocabulary.beginning(t.raw, maxPrefixes) {
			t.also(n.stem, asPrefix)
		}
	}
	if err := v.look(ctx, t, 0, having); err != nil {
		return err
	}
	if !having.meets(visible) {
		known := len(t.stems)
		v.mend(t)
		return v.look(ctx, t, known, having)
	}
	return nil
}

// scoreTerm adds a term's score to the documents that have it. A document counts
// the best of a term's alternatives, and a little for every other.
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

func (t *term) also(stem string, factor float32) {
	for _, a := range t.stems {
		if a.stem == stem {
			return
		}
	}
	t.stems = append(t.stems, alternative{stem, factor})
}

// look finds where the alternatives from one on occur, and adds it to a set.
func (v *view) look(ctx context.Context, t *term, from int, having bitset) error {
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
				docs.into(having)
				t.at = append(t.at, place{weights[f] * a.factor, docs})
			}
		}
	}
	return nil
}

// mend adds what the word may have been meant to be: with a typing error or two,
// or two words written as one.
func (v *view) mend(t *term) {
	if first, second, ok := v.vocabulary.split(t.raw); ok {
		t.also(v.vocabulary.count[first].stem, asTypo)
		t.also(v.vocabulary.count[second].stem, asTypo)
	}
	before := len(t.stems)
	v.mendWith(t, 1, asTypo)
	if len(t.stems) == before && len(t.raw) >= 5 {
		v.mendWith(t, 2, asTwoTypos)
	}
}

func (v *view) mendWith(t *term, distance int, factor float32) {
	if len(t.raw) < 3 || hasDigit(t.raw) {
		return // a number that differs is another number
	}
	for _, n := range v.vocabulary.like(t.raw, distance, t.last && len(t.raw) >= 4, maxTypos) {
		if len(t.raw) == 3 && n.word[0] != t.raw[0] {
			continue
		}
		t.also(n.stem, factor)
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

// split finds two known words that are written as one, the most frequent pair.
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

// rarity: a word that few documents have says more.
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
