package search

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/analysis/analyzer/custom"
	"github.com/blevesearch/bleve/v2/analysis/tokenizer/whitespace"
	"github.com/blevesearch/bleve/v2/index/scorch"
	"github.com/blevesearch/bleve/v2/mapping"
	index "github.com/blevesearch/bleve_index_api"
)

// field is a part of a document that words are looked up in.
type field int

// The fields, the one that says most first.
const (
	inName   field = iota // and SKU
	inKind                // brand and categories
	inTraits              // attributes, options, tags
	inText                // description
	fieldCount
)

var (
	fieldNames = [fieldCount]string{"name", "kind", "traits", "text"}
	// weights are what a word counts for by where it is found.
	weights = [fieldCount]float32{10, 7, 5, 1.5}
)

// part is one scorch index in memory. Documents in it are named by their
// ordinals and never change or go: what is no more is masked by the columns, so
// doc numbers stay what they are and are translated by a slice.
type part struct {
	index    bleve.Index
	inner    index.Index
	reader   index.IndexReader
	ordinals []uint32 // by doc number
	segments int

	// known are where stems occur, of those that were asked for: reading it from
	// scorch again costs ten times as much. A write forgets them.
	mu    sync.Mutex
	known map[occurrence]*posting
}

// occurrence names a stem in a field.
type occurrence struct {
	field field
	stem  string
}

// maxKnown is how many stems a part remembers the documents of.
const maxKnown = 8192

// newMapping: texts arrive as stems between spaces, and only occurrence is kept.
func newMapping() (*mapping.IndexMappingImpl, error) {
	const plain = "stems"
	m := bleve.NewIndexMapping()
	if err := m.AddCustomAnalyzer(plain, map[string]any{"type": custom.Name, "tokenizer": whitespace.Name}); err != nil {
		return nil, err
	}
	d := bleve.NewDocumentStaticMapping()
	for _, name := range fieldNames {
		f := bleve.NewTextFieldMapping()
		f.Store, f.IncludeInAll, f.IncludeTermVectors, f.DocValues, f.SkipFreqNorm = false, false, false, false, true
		f.Analyzer = plain
		d.AddFieldMappingsAt(name, f)
	}
	m.DefaultMapping = d
	return m, nil
}

func newPart() (*part, error) {
	m, err := newMapping()
	if err != nil {
		return nil, err
	}
	ix, err := bleve.NewUsing("", m, scorch.Name, scorch.Name, map[string]any{})
	if err != nil {
		return nil, err
	}
	inner, err := ix.Advanced()
	if err != nil {
		return nil, err
	}
	return &part{index: ix, inner: inner}, nil
}

// entry is a document as the text index takes it.
type entry struct {
	ordinal uint32
	fields  map[string]any
}

// write adds entries as one segment. What it returns makes them findable, and is
// called while nobody searches.
func (p *part) write(entries []entry) (publish func(), err error) {
	b := p.index.NewBatch()
	for _, e := range entries {
		if err := b.Index(strconv.FormatUint(uint64(e.ordinal), 10), e.fields); err != nil {
			return nil, err
		}
	}
	if err := p.index.Batch(b); err != nil {
		return nil, err
	}
	reader, err := p.inner.Reader()
	if err != nil {
		return nil, err
	}
	n, err := reader.DocCount()
	if err != nil {
		return nil, err
	}
	fresh := make([]uint32, 0, len(entries))
	for at := uint64(len(p.ordinals)); at < n; at++ {
		id, err := reader.ExternalID(index.NewIndexInternalID(nil, at))
		if err != nil {
			return nil, err
		}
		ordinal, err := strconv.ParseUint(id, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("search: %q is no ordinal: %w", id, err)
		}
		fresh = append(fresh, uint32(ordinal))
	}
	return func() {
		if p.reader != nil {
			_ = p.reader.Close() // a snapshot in memory
		}
		p.reader, p.ordinals, p.segments, p.known = reader, append(p.ordinals, fresh...), p.segments+1, nil
	}, nil
}

func (p *part) close() {
	if p.reader != nil {
		_ = p.reader.Close() // a snapshot in memory
	}
	_ = p.index.Close() // nothing of it is on disk
}

// occurrences are the ordinals of the documents that have the stem in a field,
// which nobody changes.
func (p *part) occurrences(ctx context.Context, f field, stem string) (*posting, error) {
	if len(p.ordinals) == 0 {
		return &posting{}, nil
	}
	at := occurrence{f, stem}
	p.mu.Lock()
	have := p.known[at]
	p.mu.Unlock()
	if have != nil {
		return have, nil
	}
	have, err := p.read(ctx, f, stem)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known == nil || len(p.known) >= maxKnown {
		p.known = map[occurrence]*posting{}
	}
	p.known[at] = have
	return have, nil
}

func (p *part) read(ctx context.Context, f field, stem string) (*posting, error) {
	if p.reader == nil {
		return &posting{}, nil
	}
	r, err := p.reader.TermFieldReader(ctx, []byte(stem), fieldNames[f], false, false, false)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }() // it only counts
	list := make([]uint32, 0, r.Count())
	var at index.TermFieldDoc
	for {
		d, err := r.Next(&at)
		if err != nil {
			return nil, err
		}
		if d == nil {
			return newPosting(list), nil
		}
		list = append(list, p.ordinals[d.ID.Value()])
	}
}

// entryOf makes the texts of a document, and tells the vocabulary of its words.
func entryOf(a *analyzer, ordinal uint32, d *Document, words *vocabularyChange) entry {
	e := entry{ordinal: ordinal, fields: make(map[string]any, fieldCount)}
	var b strings.Builder
	for f, texts := range textsOf(d) {
		b.Reset()
		seen := map[string]bool{}
		for _, text := range texts {
			for _, t := range a.withJoined(text) {
				if !seen[t.raw] {
					seen[t.raw] = true
					words.add(field(f), t)
				}
				b.WriteString(t.stem)
				b.WriteByte(' ')
			}
		}
		if b.Len() > 0 {
			e.fields[fieldNames[f]] = b.String()
		}
	}
	return e
}

func textsOf(d *Document) [fieldCount][]string {
	var out [fieldCount][]string
	out[inName] = []string{d.Name, d.SKU}
	out[inKind] = append([]string{d.Brand, d.Category}, d.Path...)
	out[inKind] = append(out[inKind], d.Titles...)
	for _, list := range [][]Attribute{d.Attributes, d.Options} {
		for _, a := range list {
			out[inTraits] = append(out[inTraits], a.Name, a.Value)
		}
	}
	out[inTraits] = append(out[inTraits], d.Tags...)
	out[inText] = []string{d.Description}
	return out
}
