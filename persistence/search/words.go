package search

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// vocabulary is the sorted list of all words in documents. It finds words by prefix and similar
// words without comparing all of them. Words remain when their documents are removed, until the
// index is rebuilt. They are never shown: they only lead to documents, whose visibility is checked.
type vocabulary struct {
	sorted []string
	counts []*wordCount // parallel to sorted
	count  map[string]*wordCount
	stems  map[string]*[fieldCount]int32 // number of documents by field
}

type wordCount struct {
	stem string
	n    int32
}

func newVocabulary() *vocabulary {
	return &vocabulary{count: map[string]*wordCount{}, stems: map[string]*[fieldCount]int32{}}
}

// vocabularyChange holds the words of documents that are about to be added.
type vocabularyChange struct {
	words map[string]*wordCount
	stems map[string]*[fieldCount]int32
}

func newChange() *vocabularyChange {
	return &vocabularyChange{words: map[string]*wordCount{}, stems: map[string]*[fieldCount]int32{}}
}

func (c *vocabularyChange) add(f field, t token) {
	w := c.words[t.raw]
	if w == nil {
		w = &wordCount{stem: t.stem}
		c.words[t.raw] = w
	}
	w.n++
	s := c.stems[t.stem]
	if s == nil {
		s = &[fieldCount]int32{}
		c.stems[t.stem] = s
	}
	s[f]++
}

func (v *vocabulary) apply(c *vocabularyChange) {
	var fresh []string
	for raw, w := range c.words {
		if have := v.count[raw]; have != nil {
			have.n += w.n
		} else {
			v.count[raw] = w
			fresh = append(fresh, raw)
		}
	}
	for stem, n := range c.stems {
		have := v.stems[stem]
		if have == nil {
			v.stems[stem] = n
			continue
		}
		for f := range n {
			have[f] += n[f]
		}
	}
	if len(fresh) == 0 {
		return
	}
	slices.Sort(fresh)
	merged, counts := make([]string, 0, len(v.sorted)+len(fresh)), make([]*wordCount, 0, len(v.sorted)+len(fresh))
	i := 0
	for _, w := range fresh {
		for i < len(v.sorted) && v.sorted[i] < w {
			merged, counts = append(merged, v.sorted[i]), append(counts, v.counts[i])
			i++
		}
		merged, counts = append(merged, w), append(counts, v.count[w])
	}
	v.sorted, v.counts = append(merged, v.sorted[i:]...), append(counts, v.counts[i:]...)
}

// near is a word with its distance from the requested one.
type near struct {
	word, stem string
	distance   int
	n          int32
}

// nearest collects the best of the words offered in sorted order: by distance, then by frequency,
// then in that order.
type nearest struct {
	list  []near
	limit int
}

func (best *nearest) offer(word string, w *wordCount, distance int) {
	before := func(have *near) bool { // among equals the earlier word stays first
		return have.distance < distance || (have.distance == distance && have.n >= w.n)
	}
	if len(best.list) == best.limit && (best.limit == 0 || before(&best.list[best.limit-1])) {
		return
	}
	i := len(best.list)
	for i > 0 && !before(&best.list[i-1]) {
		i--
	}
	if best.list = slices.Insert(best.list, i, near{word, w.stem, distance, w.n}); len(best.list) > best.limit {
		best.list = best.list[:best.limit]
	}
}

// withPrefix returns the longer words with the given prefix, the most frequent first.
func (v *vocabulary) withPrefix(prefix string, limit int) []near {
	best := nearest{limit: limit}
	i, _ := slices.BinarySearch(v.sorted, prefix)
	for ; i < len(v.sorted) && strings.HasPrefix(v.sorted[i], prefix); i++ {
		if w := v.sorted[i]; w != prefix {
			best.offer(w, v.counts[i], 0)
		}
	}
	return best.list
}

// similarWords returns the words within a number of edits of word (a letter added, removed or replaced, or
// two swapped); if open, it compares with the prefixes of words. It walks the sorted words like a
// trie: each letter has a row of the edit matrix that is shared by all words with the same prefix,
// and a prefix that is too far away is skipped with all its words.
func (v *vocabulary) similarWords(word string, distance int, open bool, limit int) []near {
	w := walk{query: []rune(word), maxDistance: distance, open: open}
	best := nearest{limit: limit}
	w.rows = append(w.rows, make([]int, len(w.query)+1))
	for j := range w.rows[0] {
		w.rows[0][j] = j
	}
	for i := 0; i < len(v.sorted); {
		word := v.sorted[i]
		fits, deadPrefix := w.step(word)
		if fits >= 0 {
			best.offer(word, v.counts[i], fits)
		}
		if deadPrefix == "" {
			i++
			continue
		}
		i = v.afterPrefix(i, deadPrefix)
	}
	return best.list
}

// afterPrefix returns the index of the first word after i that does not begin with prefix; word i does.
// The step doubles, because the index is usually close.
func (v *vocabulary) afterPrefix(i int, prefix string) int {
	step := 1
	for i+step < len(v.sorted) && strings.HasPrefix(v.sorted[i+step], prefix) {
		i += step
		step *= 2
	}
	for step >= 1 {
		if i+step < len(v.sorted) && strings.HasPrefix(v.sorted[i+step], prefix) {
			i += step
		}
		step /= 2
	}
	return i + 1
}

// walk computes edit distances between one word and sorted words.
type walk struct {
	query       []rune
	maxDistance int
	open        bool
	rows        [][]int // rows[i]: distances of the first i letters
	path        []rune
}

// step returns the distance of the word, -1 if it is too large, and the prefix after which no word
// can be close enough, if there is one.
func (w *walk) step(word string) (distance int, deadPrefix string) {
	depth, at := w.commonPrefix(word)
	w.path = w.path[:depth]
	nearest := w.maxDistance + 1
	if w.open {
		for d := 1; d <= depth; d++ {
			nearest = min(nearest, w.rows[d][len(w.query)])
		}
	}
	for at < len(word) {
		r, size := utf8.DecodeRuneInString(word[at:])
		at += size
		w.path = append(w.path, r)
		row := w.row(len(w.path))
		if w.open {
			nearest = min(nearest, row[len(w.query)])
		}
		// Letters may be swapped, which refers to the row before the last.
		if slices.Min(row) > w.maxDistance && slices.Min(w.rows[len(w.path)-1])+1 > w.maxDistance {
			if nearest <= w.maxDistance {
				return nearest, ""
			}
			return -1, word[:at]
		}
	}
	if end := w.rows[len(w.path)][len(w.query)]; !w.open {
		nearest = end
	}
	if nearest > w.maxDistance {
		return -1, ""
	}
	return nearest, ""
}

// commonPrefix returns the number of letters and bytes that the word shares with the previous one.
func (w *walk) commonPrefix(word string) (letters, bytes int) {
	for letters < len(w.path) && bytes < len(word) {
		r, size := utf8.DecodeRuneInString(word[bytes:])
		if r != w.path[letters] {
			break
		}
		letters++
		bytes += size
	}
	return letters, bytes
}

// row computes the row of the last letter of path.
func (w *walk) row(depth int) []int {
	if len(w.rows) <= depth {
		w.rows = append(w.rows, make([]int, len(w.query)+1))
	}
	row, above, r := w.rows[depth], w.rows[depth-1], w.path[depth-1]
	row[0] = depth
	for j, q := range w.query {
		cost := 1
		if q == r {
			cost = 0
		}
		d := min(above[j]+cost, above[j+1]+1, row[j]+1)
		if depth > 1 && j > 0 && r == w.query[j-1] && w.path[depth-2] == q {
			d = min(d, w.rows[depth-2][j-1]+1)
		}
		row[j+1] = d
	}
	return row
}
