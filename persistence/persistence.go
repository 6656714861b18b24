// Package persistence is the contract between the entity host and a database:
// single-document compare-and-set with state, recent commands, outbox and wakeAt
// together, scoped queries, and the committer that makes many writes one batch.
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

// The types a field may have, with the Go type of its values in [Document.Fields].
const (
	String FieldType = iota // string
	Int                     // int64
	Bool                    // bool
	Time                    // time.Time, millisecond precision
)

// Field is one queryable field beside those that every document has
// (companyId, shopId, ownerId, createdAt, updatedAt).
type Field struct {
	Name string
	Type FieldType
	// Unique: no two documents of the collection may have the same non-empty value.
	Unique bool
}

// Collection is a set of documents of one kind in one database.
type Collection struct {
	Name   string
	Fields []Field
	// Indexes lists the field sets that queries filter and sort by, in order;
	// _id is appended by the store. (companyId, createdAt), (ownerId, createdAt)
	// and wakeAt are always there.
	Indexes [][]string
}

// Document is one entity as a database keeps it.
type Document struct {
	ID        entrepot.ID
	Version   int64 // 1 for the first write
	CompanyID entrepot.ID
	ShopID    entrepot.ID
	OwnerID   entrepot.ID
	CreatedAt time.Time
	UpdatedAt time.Time
	WakeAt    time.Time // zero: nothing to do
	Sequence  int64     // of the entity's last event
	Fields    []any     // values of the collection's Fields, in their order; nil for none
	State     []byte    // as the store's Codec encoded it
	Recent    []byte    // ring of recent commands; the host's own format
	Outbox    []events.Envelope
}

// Write is one compare-and-set: the document goes from version Doc.Version-1 to
// Doc.Version (1: it must not exist), with its new events, all or nothing.
// Doc.Outbox holds older events that are still unconfirmed; a store without a
// log keeps Doc.Outbox and then Events in the document.
type Write struct {
	Collection *Collection
	Doc        Document
	Events     []events.Envelope
	// Before is the document at version Doc.Version-1, as whoever wrote or read that
	// version knows it; only what queries may name and WakeAt count. A store that
	// has it need not look up which of its indexes change. Nil: not known.
	Before *Document
}

// Results of a write. Anything else is [ErrUnknown].
var (
	// ErrStale: the document is not at the expected version; nothing was written.
	ErrStale = errors.New("persistence: stale version")
	// ErrUnknown: no answer; the write may or may not be there. Reload to learn.
	ErrUnknown = errors.New("persistence: outcome unknown")
	// ErrNotExecuted: the write certainly did not happen (refused before it was sent).
	ErrNotExecuted = errors.New("persistence: not executed")
	// ErrNotFound: no such document.
	ErrNotFound = errors.New("persistence: no such document")
)

// DuplicateError says that another document has the unique field's value.
type DuplicateError struct{ Field string }

func (e *DuplicateError) Error() string {
	return fmt.Sprintf("persistence: duplicate value of unique field %q", e.Field)
}

// Op is how a condition compares.
type Op int

// The comparisons both stores have, each answered from an index.
const (
	Eq     Op = iota // Value
	In               // Values
	Gte              // >= Value
	Lt               // < Value
	Prefix           // strings that begin with Value
)

// Cond is one condition on a declared field, createdAt or updatedAt, or, with Eq and In
// only, on companyId, shopId or ownerId. No value (nil) fulfils Eq nil alone.
type Cond struct {
	Field  string
	Op     Op
	Value  any
	Values []any
}

// Query asks for a page of a collection.
type Query struct {
	Where  []Cond
	Sort   string // a declared field, "updatedAt" or "createdAt" (default); _id breaks ties
	Desc   bool
	Limit  int    // 1..100
	Cursor string // as an earlier answer gave it; foreign text is a CodeInvalid error on "cursor"
}

// Due is a document whose wakeAt has passed.
type Due struct {
	ID     entrepot.ID
	WakeAt time.Time
}

// Codec turns a state struct into bytes and back by its json tags. The bytes of
// one store mean nothing to another.
type Codec interface {
	Marshal(v any) ([]byte, error)
	// FromJSON is Marshal of what is there as JSON already, an object.
	FromJSON(text []byte) ([]byte, error)
	Unmarshal(data []byte, v any) error
}

// Store is one service's database. Every implementation passes
// persistence/storetest. All calls may run concurrently; each ends by its
// context's deadline.
type Store interface {
	Codec
	// Ensure makes the collections and their indexes, and proves the database's
	// compare-and-set with a short concurrent probe: a database that loses
	// updates is refused with an error.
	Ensure(ctx context.Context, collections []*Collection) error
	// Load reads one document, its outbox included. ErrNotFound when absent.
	Load(ctx context.Context, c *Collection, id entrepot.ID) (*Document, error)
	// Commit sends writes (of different documents) as one batch and answers one
	// result for each: nil (durable), ErrStale, *DuplicateError, ErrUnknown or
	// ErrNotExecuted. One write's failure does not touch another's.
	Commit(ctx context.Context, batch []Write) []error
	// Find answers a page in the scope, and the cursor of the next ("" at the end).
	// Recent and Outbox are not loaded.
	Find(ctx context.Context, c *Collection, scope entrepot.Scope, q Query) (docs []Document, next string, err error)
	// Count answers how many documents of the scope fulfil the conditions, and no
	// more than most: who asks whether a limit is reached does not count beyond it.
	Count(ctx context.Context, c *Collection, scope entrepot.Scope, where []Cond, most int) (int, error)
	// Due lists up to limit documents with wakeAt <= now, oldest first.
	Due(ctx context.Context, c *Collection, now time.Time, limit int) ([]Due, error)
	// Purge removes up to limit documents with wakeAt <= now, oldest first, and
	// answers how many went. It is for rows that have nothing to do when their time
	// has come but to go; grains wake instead.
	Purge(ctx context.Context, c *Collection, now time.Time, limit int) (int, error)
	// Log is the log that Commit appends events to, nil when events ride in the documents.
	Log() events.Log
	// Ping reports whether the database answers now.
	Ping(ctx context.Context) error
	// Close waits for running calls. Twice is harmless.
	Close() error
}
