package search

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/analysis/analyzer/custom"
	"github.com/blevesearch/bleve/v2/analysis/tokenizer/whitespace"
	"github.com/blevesearch/bleve/v2/index/scorch"
	"github.com/blevesearch/bleve/v2/mapping"
	index "github.com/blevesearch/bleve_index_api"
	lru "github.com/hashicorp/golang-lru/v2"
)

// field is a part of a document in which words are looked up.
type field int

// Fields, the most significant first.
const ( // name and SKU
	inName   field = iota // and SKU
	inKind                // brand and categories
	inTraits              // attributes, options, tags
	inText                // description
	fieldCount
)

var (
	fieldNames = [fieldCount]string{"name", "kind", "traits", "text"}
	// weights are the scores of a word by field.
	weights = [fieldCount]float32{10, 7, 5, 1.5}
)

// part is one scorch index in memory. Its documents are named by ordinals and are never changed or
// deleted; the columns mask removed ones. Doc numbers therefore stay constant and a slice
// translates them to ordinals.
type part struct {
	index    bleve.Index
	inner    index.Index
	reader   index.IndexReader
	ordinals []uint32 // by doc number
	segments int

	// known caches the occurrences of stems that were looked up, because reading them from scorch
	// takes ten times as long. A write clears it.
	known *lru.Cache[occurrence, *posting]
}

// occurrence is a stem in a field.
type occurrence struct {
	field field
	stem  string
}

// maxKnown is the maximum number of stems in a part's cache.
const maxKnown = 8192

// newMapping returns a mapping for texts of stems separated by spaces that stores only which
// documents contain them.
func newMapping() (*mapping.IndexMappingImpl, error) {
	const plain = "stems"
	m := bleve.NewIndexMapping()
	split := map[string]any{"type": custom.Name, "tokenizer": whitespace.Name}
	if err := m.AddCustomAnalyzer(plain, split); err != nil {
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
	known, _ := lru.New[occurrence, *posting](maxKnown) // an error only for a size below 1
	return &part{index: ix, inner: inner, known: known}, nil
}

// entry is a document in the form that the text index stores.
type entry struct {
	ordinal uint32
	fields  map[string]any
}

// write adds entries as one segment. publish makes them searchable; the caller must exclude
// searches while calling it.
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
			return nil, fmt.Errorf("search: document id %q is not an ordinal: %w", id, err)
		}
		fresh = append(fresh, uint32(ordinal))
	}
	return func() {
		if p.reader != nil {
			_ = p.reader.Close() // a snapshot in memory
		}
		p.reader, p.ordinals, p.segments = reader, append(p.ordinals, fresh...), p.segments+1
		p.known.Purge()
	}, nil
}

func (p *part) close() {
	if p.reader != nil {
		_ = p.reader.Close() // a snapshot in memory
	}
	_ = p.index.Close() // nothing is on disk
}

// occurrences returns the documents that contain the stem in a field. The posting is shared and
// read-only.
func (p *part) occurrences(ctx context.Context, f field, stem string) (*posting, error) {
	if len(p.ordinals) == 0 {
		return &posting{}, nil
	}
	at := occurrence{f, stem}
	if have, ok := p.known.Get(at); ok {
		return have, nil
	}
	have, err := p.read(ctx, f, stem)
	if err != nil {
		return nil, err
	}
	p.known.Add(at, have)
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
	defer func() { _ = r.Close() }() // read-only, nothing to lose
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

// entryOf returns the entry of a document and records its words in the vocabulary change.
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
