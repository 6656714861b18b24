// Package searchtest provides the words of a large catalogue ([ReadWords]), for benchmarks of the
// search package and of a whole server.
package searchtest

import (
	"bufio"
	"os"
	"strings"
)

// Words contains the product names of the labelled set, 400 brands and 3,000 series.
type Words struct {
	Names, Brands, Series []string
	Categories            []string // category of each name
}

// ReadWords reads the names from the labelled set's catalogue.tsv and generates brands and series.
func ReadWords(catalogue string) (*Words, error) {
	f, err := os.Open(catalogue) //nolint:gosec // callers name a file of the repository
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	w := &Words{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if fields := strings.Split(lines.Text(), "\t"); len(fields) == 9 {
			category, _, _ := strings.Cut(fields[3], "/")
			w.Names, w.Categories = append(w.Names, fields[1]), append(w.Categories, category)
		}
	}
	syllables := []string{"ka", "mo", "ri", "ta", "le", "su", "no", "vi", "do", "pe", "sha", "gru", "bel", "tor", "min"}
	word := func(n int) string { return syllables[n%15] + syllables[n/15%15] + syllables[n/225%15] }
	for i := range 400 {
		w.Brands = append(w.Brands, strings.ToUpper(word(i * 7)[:1])+word(i * 7)[1:])
	}
	for i := range 3000 {
		w.Series = append(w.Series, word(i))
	}
	return w, lines.Err()
}
