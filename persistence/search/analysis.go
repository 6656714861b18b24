package search

import (
	"strings"

	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/analysis/char/asciifolding"
	"github.com/blevesearch/bleve/v2/analysis/lang/en"
	"github.com/blevesearch/bleve/v2/analysis/token/lowercase"
	"github.com/blevesearch/bleve/v2/analysis/token/porter"
	"github.com/blevesearch/bleve/v2/analysis/token/stop"
	"github.com/blevesearch/bleve/v2/analysis/tokenizer/unicode"
)

// token is a word of a text: raw is the word in lower case without accents, stem its stem.
type token struct {
	raw, stem  string
	start, end int // byte offsets in the text
}

// analyzer divides texts into tokens with bleve's tokenizer, filters and stemmer.
type analyzer struct {
	tokenizer analysis.Tokenizer
	filters   []analysis.TokenFilter
	fold      analysis.CharFilter
	stemmer   analysis.TokenFilter
}

func newAnalyzer() *analyzer {
	stops := analysis.NewTokenMap()
	if err := stops.LoadBytes(en.EnglishStopWords); err != nil {
		panic(err) // cannot happen with bleve's own list
	}
	return &analyzer{
		tokenizer: unicode.NewUnicodeTokenizer(),
		filters: []analysis.TokenFilter{
			en.NewPossessiveFilter(), lowercase.NewLowerCaseFilter(), stop.NewStopTokensFilter(stops),
		},
		fold:    asciifolding.New(),
		stemmer: porter.NewPorterStemmer(),
	}
}

// maxToken is the maximum length of a word in bytes; longer ones are ignored.
const maxToken = 64

// wordJoiners replaces characters that would join words by spaces, byte by byte so that offsets stay
// valid.
var wordJoiners = strings.NewReplacer(":", " ", "_", " ")

// words returns the tokens of a text in order, without stop words.
func (a *analyzer) words(text string) []token {
	if text == "" {
		return nil
	}
	stream := a.tokenizer.Tokenize([]byte(wordJoiners.Replace(text)))
	for _, f := range a.filters {
		stream = f.Filter(stream)
	}
	out := make([]token, 0, len(stream))
	for _, t := range stream {
		if len(t.Term) == 0 || len(t.Term) > maxToken {
			continue
		}
		raw := t.Term
		if !ascii(raw) {
			raw = a.fold.Filter(raw)
		}
		out = append(out, token{raw: string(raw), stem: a.stem(string(raw)), start: t.Start, end: t.End})
	}
	return out
}

// withJoined returns the tokens of a text and, for parts joined by hyphens, the joined word:
// pour-over is also found as pourover.
func (a *analyzer) withJoined(text string) []token {
	tokens := a.words(text)
	if !strings.Contains(text, "-") {
		return tokens
	}
	for _, part := range strings.Fields(text) {
		joined := strings.ToLower(strings.ReplaceAll(strings.Trim(part, "-,.;:()"), "-", ""))
		if strings.Contains(part, "-") && joined != "" && len(joined) <= maxToken && !strings.ContainsAny(joined, ",.;:()/") {
			tokens = append(tokens, token{raw: joined, stem: a.stem(joined)})
		}
	}
	return tokens
}

func (a *analyzer) stem(raw string) string {
	s := a.stemmer.Filter(analysis.TokenStream{&analysis.Token{Term: []byte(raw)}})
	return string(s[0].Term)
}

func ascii(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}
