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

// maxDocument is MongoDB's bound of 16 MiB with room for the command around it.
const maxDocument = 16<<20 - 16<<10

// Commit writes the batch with one unordered bulk of compare-and-sets for each
// collection in it.
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
	// A batch has few collections, most often one.
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
		err = fmt.Errorf("mongostore: %s %s has %d bytes", w.Collection.Name, w.Doc.ID, len(doc))
	}
	return t, doc, err
}

// bulk is the writes of one collection.
type bulk struct {
	t       *table
	writes  []*persistence.Write
	models  []mongo.WriteModel
	results []*error
}

// bulkOf finds the collection's bulk, or begins it.
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
// The compare-and-set is an upsert of {_id, version: n-1}. It replaces the
// document at that version; at any other version it tries to insert one, and
// the duplicate _id says so in this write's own result. Version 1 is the same,
// as nothing has version 0.
func (b *bulk) add(w *persistence.Write, doc bson.Raw, result *error) {
	filter := casFilter(w)
	b.models = append(b.models, mongo.NewReplaceOneModel().SetFilter(filter).SetReplacement(doc).SetUpsert(true))
	b.writes, b.results = append(b.writes, w), append(b.results, result)
}

// sort puts the writes in the order of their ids, as every bulk does: FerretDB
// locks the documents of a bulk one after the other until its end, and two bulks
// that meet in different orders wait for each other until a timeout.
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
	var some mongo.BulkWriteException
	switch {
	case errors.As(err, &some):
		if some.WriteConcernError != nil {
			b.all(fmt.Errorf("%w: %s", persistence.ErrUnknown, some.WriteConcernError.Message))
		}
		for i := range some.WriteErrors {
			if at := some.WriteErrors[i].Index; at >= 0 && at < len(b.results) {
				*b.results[at] = b.explain(ctx, b.writes[at], &some.WriteErrors[i])
			}
		}
	case err != nil:
		b.all(classify(err))
		return // what was upserted is not known either
	}
	for at := range r.UpsertedIDs {
		if b.writes[at].Doc.Version > 1 {
			*b.results[at] = b.revoke(ctx, b.writes[at])
		}
	}
}

func (b *bulk) all(err error) {
	for _, r := range b.results {
		*r = err
	}
}

// revoke removes what an upsert inserted in place of a document that was not
// there at all, which nothing but a loss of data explains.
func (b *bulk) revoke(ctx context.Context, w *persistence.Write) error {
	_, err := b.t.coll.DeleteOne(ctx, bson.D{e("_id", idValue(w.Doc.ID)), e("version", w.Doc.Version)})
	if err != nil {
		return fmt.Errorf("%w: %w", persistence.ErrUnknown, err)
	}
	return fmt.Errorf("%w: the document is not there", persistence.ErrStale)
}

// duplicateKey is the code of MongoDB and FerretDB alike.
const duplicateKey = 11000

// indexName finds the index in a duplicate's message: "… index: NAME dup key: …"
// (MongoDB) or "… Index 'NAME'" (FerretDB). The names come before any value.
var indexName = regexp.MustCompile(`(?:index: |Index ')([A-Za-z0-9_.]+)`)

// explain is the result of a write with an error of its own.
func (b *bulk) explain(ctx context.Context, w *persistence.Write, we *mongo.BulkWriteError) error {
	if we.Code != duplicateKey {
		if refused[we.Code] {
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
	// Which of two clashes is reported is the server's choice: a stale write is
	// stale whatever its values.
	raw, err := b.t.coll.FindOne(ctx, bson.D{e("_id", idValue(w.Doc.ID))}, options.FindOne().SetProjection(bson.D{e("version", 1)})).Raw()
	switch {
	case errors.Is(err, mongo.ErrNoDocuments) && w.Doc.Version == 1:
		return &persistence.DuplicateError{Field: field}
	case errors.Is(err, mongo.ErrNoDocuments):
		return persistence.ErrStale
	case err != nil: // it was refused for certain, only the reason is not
		return &persistence.DuplicateError{Field: field}
	}
	if n, ok := raw.Lookup("version").AsInt64OK(); ok && n == w.Doc.Version-1 {
		return &persistence.DuplicateError{Field: field}
	}
	return persistence.ErrStale
}
