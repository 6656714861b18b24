package search

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestWordsMatchReference compares the search for prefixes, misspelt words and misspelt prefixes
// with the reference implementation.
func TestWordsMatchReference(t *testing.T) {
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
		longer := func(s string) (int, bool) { return 0, s != w && strings.HasPrefix(s, w) }
		if got, want := v.withPrefix(w, most), p.nearest(longer, most); !slices.Equal(got, want) {
			t.Fatalf("words with prefix %q: want %v, got %v", w, want, got)
		}
		distance := 1 + r.IntN(2)
		want := p.nearest(func(s string) (int, bool) {
			d := edits([]rune(s), []rune(w), open)
			return d, d <= distance
		}, most)
		if got := v.similarWords(w, distance, open, most); !slices.Equal(got, want) {
			t.Fatalf("words like %q (distance %d, open %v): want %v, got %v", w, distance, open, want, got)
		}
		other := word()
		if got, want := nearlyBegins(other, w), edits([]rune(other), []rune(w), true) <= 1; got != want {
			t.Fatalf("nearlyBegins(%q, %q): want %v, got %v", other, w, want, got)
		}
	}
}

// edits returns the number of edits between typed and the word, or, if open, between typed and the
// nearest prefix of the word.
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
