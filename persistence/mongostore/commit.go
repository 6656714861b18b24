package mongostore

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"sort"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"entrepot/persistence"
)

// maxDocument is MongoDB's limit of 16 MiB minus room for the surrounding command.
const maxDocument = 16<<20 - 16<<10

// Commit writes the batch with one unordered bulk of compare-and-sets per collection.
func (s *Store) Commit(ctx context.Context, batch []persistence.Write) []error {
	results := make([]error, len(batch))
	err := s.enter()
	if err == nil {
		defer s.leave()
		if err = ctx.Err(); err != nil {
			err = fmt.Errorf("%w: %w", persistence.ErrNotExecuted, err)
		}
	}
	if err != nil {
		for i := range results {
			results[i] = err
		}
		return results
	}
	// A slice suffices, because a batch has few collections, usually one.
	var bulks []*bulk
	for i := range batch {
		t, doc, err := s.prepare(&batch[i])
		if err != nil {
			results[i] = fmt.Errorf("%w: %w", persistence.ErrNotExecuted, err)
			continue
		}
		var b *bulk
		b, bulks = bulkOf(bulks, t)
		b.add(&batch[i], doc, &results[i])
	}
	for _, b := range bulks {
		b.sort()
		b.run(ctx)
	}
	return results
}

func (s *Store) prepare(w *persistence.Write) (*table, bson.Raw, error) {
	if err := w.Check(); err != nil {
		return nil, nil, err
	}
	t, err := s.table(w.Collection)
	if err != nil {
		return nil, nil, err
	}
	doc, err := encode(w)
	if err == nil && len(doc) > maxDocument {
		err = fmt.Errorf("mongostore: %s %s has %d bytes, at most %d fit", w.Collection.Name, w.Doc.ID, len(doc), maxDocument)
	}
	return t, doc, err
}

// bulk holds the writes of one collection.
type bulk struct {
	t       *table
	writes  []*persistence.Write
	models  []mongo.WriteModel
	results []*error
}

// bulkOf returns the collection's bulk, adding it to bulks if necessary.
func bulkOf(bulks []*bulk, t *table) (*bulk, []*bulk) {
	for _, b := range bulks {
		if b.t == t {
			return b, bulks
		}
	}
	b := &bulk{t: t}
	return b, append(bulks, b)
}

// add appends a write.
//
// The compare-and-set is an upsert of {_id, version: n-1}. It replaces the document at that
// version; at any other version it tries to insert a document, and the duplicate _id becomes this
// write's own error. Version 1 works alike, because no document has version 0.
func (b *bulk) add(w *persistence.Write, doc bson.Raw, result *error) {
	filter := casFilter(w)
	b.models = append(b.models, mongo.NewReplaceOneModel().SetFilter(filter).SetReplacement(doc).SetUpsert(true))
	b.writes, b.results = append(b.writes, w), append(b.results, result)
}

// sort orders the writes by id. FerretDB locks the documents of a bulk one after the other until
// the end of the bulk, so two bulks in different orders would wait for each other until a timeout.
func (b *bulk) sort() {
	sort.Sort(byID{b})
}

type byID struct{ *bulk }

func (b byID) Len() int           { return len(b.writes) }
func (b byID) Less(i, j int) bool { return b.writes[i].Doc.ID < b.writes[j].Doc.ID }
func (b byID) Swap(i, j int) {
	b.writes[i], b.writes[j] = b.writes[j], b.writes[i]
	b.models[i], b.models[j] = b.models[j], b.models[i]
	b.results[i], b.results[j] = b.results[j], b.results[i]
}

func (b *bulk) run(ctx context.Context) {
	r, err := b.t.coll.BulkWrite(ctx, b.models, options.BulkWrite().SetOrdered(false))
	var bulkErr mongo.BulkWriteException
	switch {
	case errors.As(err, &bulkErr):
		if bulkErr.WriteConcernError != nil {
			b.setAll(fmt.Errorf("%w: %s", persistence.ErrUnknown, bulkErr.WriteConcernError.Message))
		}
		for i := range bulkErr.WriteErrors {
			if at := bulkErr.WriteErrors[i].Index; at >= 0 && at < len(b.results) {
				*b.results[at] = b.explain(ctx, b.writes[at], &bulkErr.WriteErrors[i])
			}
		}
	case err != nil:
		b.setAll(classify(err))
		return // the upserts are unknown as well
	}
	for at := range r.UpsertedIDs {
		if b.writes[at].Doc.Version > 1 {
			*b.results[at] = b.undoInsert(ctx, b.writes[at])
		}
	}
}

func (b *bulk) setAll(err error) {
	for _, r := range b.results {
		*r = err
	}
}

// undoInsert removes the document that an upsert inserted because the expected document did not exist,
// which only a loss of data explains.
func (b *bulk) undoInsert(ctx context.Context, w *persistence.Write) error {
	_, err := b.t.coll.DeleteOne(ctx, bson.D{e("_id", idValue(w.Doc.ID)), e("version", w.Doc.Version)})
	if err != nil {
		return fmt.Errorf("%w: %w", persistence.ErrUnknown, err)
	}
	return fmt.Errorf("%w: the document does not exist", persistence.ErrStale)
}

// duplicateKey is the error code of MongoDB and FerretDB for a duplicate key.
const duplicateKey = 11000

// indexName extracts the index name from a duplicate key message: "… index: NAME dup key: …"
// (MongoDB) or "… Index 'NAME'" (FerretDB). The name precedes any value in the message.
var indexName = regexp.MustCompile(`(?:index: |Index ')([A-Za-z0-9_.]+)`)

// explain returns the result of a write that failed individually.
func (b *bulk) explain(ctx context.Context, w *persistence.Write, we *mongo.BulkWriteError) error {
	if we.Code != duplicateKey {
		if rejected[we.Code] {
			return fmt.Errorf("%w: %w", persistence.ErrNotExecuted, we.WriteError)
		}
		return fmt.Errorf("%w: %w", persistence.ErrUnknown, we.WriteError)
	}
	field := ""
	if m := indexName.FindStringSubmatch(we.Message); m != nil {
		field, _ = strings.CutPrefix(m[1], uniquePrefix)
		if field == m[1] {
			return persistence.ErrStale // the index of _id
		}
	} else {
		return fmt.Errorf("%w: %w", persistence.ErrUnknown, we.WriteError)
	}
	// The server chooses which of two conflicts it reports, but a stale write counts as stale
	// whatever its values, so the version is read.
	version := options.FindOne().SetProjection(bson.D{e("version", 1)})
	raw, err := b.t.coll.FindOne(ctx, bson.D{e("_id", idValue(w.Doc.ID))}, version).Raw()
	switch {
	case errors.Is(err, mongo.ErrNoDocuments) && w.Doc.Version == 1:
		return &persistence.DuplicateError{Field: field}
	case errors.Is(err, mongo.ErrNoDocuments):
		return persistence.ErrStale
	case err != nil: // certainly rejected, only the reason is uncertain
		return &persistence.DuplicateError{Field: field}
	}
	if n, ok := raw.Lookup("version").AsInt64OK(); ok && n == w.Doc.Version-1 {
		return &persistence.DuplicateError{Field: field}
	}
	return persistence.ErrStale
}
