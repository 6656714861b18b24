package search

import (
	"html"
	"strings"
	"unicode/utf8"
)

// maxFragment is the maximum length of a highlighted text in bytes; longer texts are cut around the
// first match.
const maxFragment = 160

// highlight returns the fields of a document that contain words of the query, as escaped HTML with
// <em> around the words. Fields without such words are omitted.
func (v *view) highlight(d *Document) map[string]string {
	if len(v.terms) == 0 {
		return nil
	}
	wanted := map[string]bool{}
	for _, t := range v.terms {
		for _, a := range t.stems {
			wanted[a.stem] = true
		}
	}
	out := map[string]string{}
	for name, text := range map[string]string{
		"name": d.Name, "brand": d.Brand, "category": d.Category, "description": d.Description,
	} {
		if marked, ok := v.mark(text, wanted); ok {
			out[name] = marked
		}
	}
	return out
}

func (v *view) mark(text string, wanted map[string]bool) (string, bool) {
	var at []token
	for _, t := range v.words.words(text) {
		if wanted[t.stem] {
			at = append(at, t)
		}
	}
	if len(at) == 0 {
		return "", false
	}
	from, until := fragment(text, at[0].start)
	var b strings.Builder
	if from > 0 {
		b.WriteString("…")
	}
	done := from
	for _, t := range at {
		if t.start < from || t.end > until {
			continue
		}
		b.WriteString(html.EscapeString(text[done:t.start]))
		b.WriteString("<em>")
		b.WriteString(html.EscapeString(text[t.start:t.end]))
		b.WriteString("</em>")
		done = t.end
	}
	b.WriteString(html.EscapeString(text[done:until]))
	if until < len(text) {
		b.WriteString("…")
	}
	return b.String(), true
}

// fragment returns the part of a text around a position, cut between words.
func fragment(text string, at int) (from, until int) {
	if len(text) <= maxFragment {
		return 0, len(text)
	}
	from = max(0, at-maxFragment/3)
	if from > 0 {
		if space := strings.IndexByte(text[from:at], ' '); space >= 0 {
			from += space + 1
		} else {
			from = at
		}
	}
	until = min(len(text), from+maxFragment)
	if until < len(text) {
		if space := strings.LastIndexByte(text[at:until], ' '); space > 0 && at+space > at+maxToken {
			until = at + space
		}
		for until < len(text) && !utf8.RuneStart(text[until]) {
			until++
		}
	}
	return from, until
}
