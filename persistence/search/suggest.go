package search

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"entrepot"
)

// Suggestions holds the completions of a text that is being typed.
type Suggestions struct {
	Products   []Suggestion
	Brands     []Suggestion
	Categories []Suggestion
}

// Suggestion is a product, a brand or a category (by slug) that matches.
type Suggestion struct {
	ID    entrepot.ID // of a product
	Text  string
	Count int // visible products of the brand or category
}

// Suggest returns up to limit completions of each kind for the text, tolerating typing errors,
// limited to what the searcher may see.
func (ix *Index) Suggest(ctx context.Context, see Sight, text string, limit int) (*Suggestions, error) {
	found, err := ix.Search(ctx, Query{Sight: see, Text: text, Limit: 4 * limit})
	if err != nil {
		return nil, err
	}
	out := &Suggestions{}
	seen := map[string]bool{}
	for _, f := range found.Items {
		if key := strings.ToLower(f.Name); !seen[key] && len(out.Products) < limit {
			seen[key] = true
			out.Products = append(out.Products, Suggestion{ID: f.ID, Text: f.Name})
		}
	}
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	s := ix.scratch.Get().(*scratch)
	defer ix.scratch.Put(s)
	s.reset(len(ix.core.docs))
	v := ix.view(&Query{Sight: see}, s)
	out.Brands = v.complete(v.brand, text, limit)
	out.Categories = v.complete(v.category, text, limit)
	return out, nil
}

// complete returns the values whose words begin with the typed ones, or nearly so.
func (v *view) complete(d *dimension, text string, limit int) []Suggestion {
	typed := v.words.words(text)
	if len(typed) == 0 {
		return nil
	}
	visible := v.visible().roaring()
	type candidate struct {
		Suggestion
		errors int
	}
	var out []candidate
	for id, value := range d.values {
		errors, ok := begins(v.wordsOf(value), typed)
		if !ok {
			continue
		}
		if n := int(visible.AndCardinality(d.docs[id])); n > 0 { //nolint:gosec // a count of products in memory
			out = append(out, candidate{Suggestion{Text: value, Count: n}, errors})
		}
	}
	slices.SortFunc(out, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.errors, b.errors), cmp.Compare(b.Count, a.Count), strings.Compare(a.Text, b.Text))
	})
	var best []Suggestion
	for _, c := range out[:min(len(out), limit)] {
		best = append(best, c.Suggestion)
	}
	return best
}

// wordsOf returns the words of a brand or category. They are cached, because there are few and they
// are used often.
func (ix *Index) wordsOf(value string) []token {
	if have, ok := ix.wordCache.Load(value); ok {
		return have.([]token) //nolint:forcetypeassert // nothing else is stored
	}
	words := ix.words.words(value)
	ix.wordCache.Store(value, words)
	return words
}

// begins reports whether each typed word is a prefix of a word, with at most one error in words of
// four or more letters, and returns the number of errors.
func begins(words, typed []token) (errors int, ok bool) {
	for _, t := range typed {
		least := 2
		for _, w := range words {
			switch {
			case strings.HasPrefix(w.raw, t.raw):
				least = 0
			case least > 1 && len(t.raw) >= 4 && nearlyBegins(w.raw, t.raw):
				least = 1
			}
		}
		if least > 1 {
			return 0, false
		}
		errors += least
	}
	return errors, true
}

// nearlyBegins reports whether a prefix of the word is at most one edit away from typed: a letter
// added, removed or replaced, or two swapped.
func nearlyBegins(word, typed string) bool {
	same := 0 // length of the common prefix in bytes, at a rune boundary
	for same < len(word) && same < len(typed) {
		w, size := utf8.DecodeRuneInString(word[same:])
		if t, _ := utf8.DecodeRuneInString(typed[same:]); t != w {
			break
		}
		same += size
	}
	word, typed = word[same:], typed[same:]
	if typed == "" {
		return true // typed is a prefix
	}
	t, size := utf8.DecodeRuneInString(typed)
	without := typed[size:]
	if strings.HasPrefix(word, without) {
		return true // one extra letter
	}
	w, size := utf8.DecodeRuneInString(word)
	rest := word[size:]
	if word == "" {
		return false
	}
	if strings.HasPrefix(rest, typed) || strings.HasPrefix(rest, without) {
		return true // one missing or replaced letter
	}
	if without == "" || rest == "" {
		return false
	}
	t2, tsize := utf8.DecodeRuneInString(without)
	w2, wsize := utf8.DecodeRuneInString(rest)
	return t == w2 && t2 == w && strings.HasPrefix(rest[wsize:], without[tsize:])
}
