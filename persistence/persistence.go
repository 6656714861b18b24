// Package persistence defines the contract between the entity host and a database: compare-and-set
// of single documents that hold state, recent commands, outbox and wakeAt together, and scoped
// queries. [Committer] combines many writes into batches. Start reading with [Store], [Document]
// and [Write].
package persistence

import (
	"context"
	"errors"
	"fmt"
	"time"

	"entrepot"
	"entrepot/events"
)

// FieldType is the type of a queryable field's values.
type FieldType int

// Field types, with the Go type of their values in [Document.Fields].
const (
	String FieldType = iota // string
	Int                     // int64
	Bool                    // bool
	Time                    // time.Time, millisecond precision
)

// Field is a queryable field in addition to those that every document has (companyId, shopId,
// ownerId, createdAt, updatedAt).
type Field struct {
	Name string
	Type FieldType
	// Unique forbids two documents of the collection with the same non-empty value.
	Unique bool
}

// Collection is a set of documents of one kind in one database.
type Collection struct {
	Name   string
	Fields []Field
	// Indexes lists the field sets that queries filter and sort by, in order; the store appends
	// _id. Indexes on (companyId, createdAt), (ownerId, createdAt) and wakeAt always exist.
	Indexes [][]string
}

// Document is the stored form of one entity.
type Document struct {
	ID        entrepot.ID
	Version   int64 // 1 for the first write
	CompanyID entrepot.ID
	ShopID    entrepot.ID
	OwnerID   entrepot.ID
	CreatedAt time.Time
	UpdatedAt time.Time
	WakeAt    time.Time // zero: never
	Sequence  int64     // sequence of the entity's last event
	Fields    []any     // values in the order of the collection's Fields; nil for no value
	State     []byte    // as encoded by the store's Codec
	Recent    []byte    // ring of recent commands, in the host's own format
	Outbox    []events.Envelope
}

// Write is one compare-and-set that changes a document from version Doc.Version-1 to Doc.Version
// and adds its new events, all or nothing. With version 1 the document must not exist. Doc.Outbox
// holds older unconfirmed events; a store without a log keeps Doc.Outbox followed by Events in the
// document.
type Write struct {
	Collection *Collection
	Doc        Document
	Events     []events.Envelope
	// Before holds the indexed fields and WakeAt of version Doc.Version-1, if the writer knows
	// them. A store can then derive the changed index entries without reading the document.
	// Optional.
	Before *Document
}

// Results of a write. Stores return every other failure as [ErrUnknown].
var (
	// ErrStale means that the document is not at the expected version; nothing was written.
	ErrStale = errors.New("persistence: stale version")
	// ErrUnknown means that the write may or may not have happened. Reload the document to find
	// out.
	ErrUnknown = errors.New("persistence: outcome unknown")
	// ErrNotExecuted means that the write certainly did not happen; it was rejected before it was
	// sent.
	ErrNotExecuted = errors.New("persistence: not executed")
	// ErrNotFound means that the document does not exist.
	ErrNotFound = errors.New("persistence: no such document")
)

// DuplicateError reports that another document has the same value of a unique field.
type DuplicateError struct{ Field string }

func (e *DuplicateError) Error() string {
	return fmt.Sprintf("persistence: duplicate value of unique field %q", e.Field)
}

// Op is the comparison of a condition.
type Op int

// Comparisons that both stores support, each served from an index.
const (
	Eq     Op = iota // Value
	In               // Values
	Gte              // >= Value
	Lt               // < Value
	Prefix           // strings with the prefix Value
)

// Cond is a condition on a declared field, createdAt or updatedAt, or, with Eq and In only, on
// companyId, shopId or ownerId. A document without a value matches only Eq nil.
type Cond struct {
	Field  string
	Op     Op
	Value  any
	Values []any
}

// Query selects a page of a collection.
type Query struct {
	Where  []Cond
	Sort   string // a declared field, "updatedAt" or "createdAt" (default); ties are broken by _id
	Desc   bool
	Limit  int    // 1..100
	Cursor string // from an earlier page of the same list; any other text is a CodeInvalid error on "cursor"
}

// Due is a document whose wakeAt has passed.
type Due struct {
	ID     entrepot.ID
	WakeAt time.Time
}

// Codec encodes state structs by their json tags. The encoding is private to one store.
type Codec interface {
	Marshal(v any) ([]byte, error)
	// FromJSON returns the encoding of a JSON object, like Marshal of the decoded value.
	FromJSON(text []byte) ([]byte, error)
	Unmarshal(data []byte, v any) error
}

// Store is the database of one service. Every implementation passes persistence/storetest. All
// methods may be called concurrently, and each returns by its context's deadline.
type Store interface {
	Codec
	// Ensure creates the collections and their indexes and tests the database's compare-and-set
	// with a short concurrent probe. It returns an error if the database loses updates.
	Ensure(ctx context.Context, collections []*Collection) error
	// Load returns one document including its outbox, or ErrNotFound.
	Load(ctx context.Context, c *Collection, id entrepot.ID) (*Document, error)
	// Commit sends writes of different documents as one batch and returns one result for each: nil
	// (durable), ErrStale, *DuplicateError, ErrUnknown or ErrNotExecuted. A failed write does not
	// affect the others.
	Commit(ctx context.Context, batch []Write) []error
	// Find returns a page of the documents in the scope and the cursor of the next page, "" at the
	// end. It does not load Recent and Outbox.
	Find(ctx context.Context, c *Collection, scope entrepot.Scope, q Query) (docs []Document, next string, err error)
	// Count returns the number of documents in the scope that match all conditions, at most the
	// given limit: a caller that checks a limit need not count beyond it.
	Count(ctx context.Context, c *Collection, scope entrepot.Scope, where []Cond, limit int) (int, error)
	// Due returns up to limit documents with wakeAt <= now, oldest first.
	Due(ctx context.Context, c *Collection, now time.Time, limit int) ([]Due, error)
	// Purge deletes up to limit documents with wakeAt <= now, oldest first, and returns their
	// number. It serves rows that simply expire; grains are woken instead.
	Purge(ctx context.Context, c *Collection, now time.Time, limit int) (int, error)
	// Log returns the log that Commit appends events to, or nil if events are kept in the
	// documents.
	Log() events.Log
	// Ping returns an error if the database does not respond.
	Ping(ctx context.Context) error
	// Close waits for running calls. Repeated calls are harmless.
	Close() error
}
