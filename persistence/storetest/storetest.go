// Package storetest contains the test suite that every [persistence.Store] must pass ([Run]), a
// reference store in memory ([NewMemory]), and a wrapper that injects failures ([Faulty]).
package storetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/persistence"
)

// Reopener is implemented by stores in the suite whose database outlives them. Reopen closes the
// store and opens the same database again.
type Reopener interface {
	Reopen(t *testing.T) persistence.Store
}

// Run runs the suite. Each call of open returns a store on an empty database and registers the
// cleanup with t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) persistence.Store) {
	cases := []struct {
		name string
		test func(t *testing.T, f *fixture)
	}{
		{"Insert and load", testInsertAndLoad},
		{"An insert of an existing id is stale", testInsertExisting},
		{"A stale version writes nothing", testStale},
		{"A lost write leaves the others of its batch alone", testLostInBatch},
		{"A duplicate names its field", testDuplicate},
		{"No value and an empty value are not duplicates", testEmptyUnique},
		{"State, events and wakeAt are one", testAllOrNothing},
		{"One winner for each version", testManyWriters},
		{"Concurrent batches over the same documents", testConcurrentBatches},
		{"An ended context is never a false success", testEndedContext},
		{"An invalid write is not executed", testSenselessWrite},
		{"Scopes", testScopes},
		{"Conditions", testConditions},
		{"Queries by the last write", testUpdatedAt},
		{"Counts", testCount},
		{"Pages against a model", testPages},
		{"Pages over ids of both forms", testMixedIDs},
		{"Foreign cursors", testForeignCursors},
		{"Only declared fields and sane limits", testUndeclared},
		{"Due documents", testDue},
		{"Purge", testPurge},
		{"A megabyte of state", testBigDocument},
		{"Operators in values are data", testHostileValues},
		{"The codec", testCodec},
		{"Ensure again, with more fields", testEnsureMore},
		{"Reopen", testReopen},
		{"The log", testLog},
		{"Close", testClose},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := &fixture{Store: open(t), t: t, ctx: t.Context()}
			if err := f.Ensure(f.ctx, []*persistence.Collection{things}); err != nil {
				t.Fatalf("Ensure: %v", err)
			}
			c.test(t, f)
		})
	}
}

// things is the suite's collection.
var things = &persistence.Collection{
	Name: "things",
	Fields: []persistence.Field{
		{Name: "name", Type: persistence.String},
		{Name: "number", Type: persistence.String, Unique: true},
		{Name: "rank", Type: persistence.Int},
		{Name: "active", Type: persistence.Bool},
		{Name: "at", Type: persistence.Time},
		{Name: "serial", Type: persistence.Int, Unique: true},
	},
	Indexes: [][]string{
		{"companyId", "name"},
		{"companyId", "rank"},
		{"companyId", "at"},
		{"companyId", "active", "createdAt"},
		{persistence.UpdatedAt},
	},
}

// thing is the suite's state.
type thing struct {
	Label string            `json:"label"`
	Count int64             `json:"count"`
	Tags  []string          `json:"tags"`
	Notes map[string]string `json:"notes,omitempty"`
	Price entrepot.Money    `json:"price"`
	Since time.Time         `json:"since"`
}

// fixture is a store with the helpers of the suite.
type fixture struct {
	persistence.Store
	t   testing.TB
	ctx context.Context
}

// epoch is the time used by the suite, in whole milliseconds.
var epoch = time.Date(2026, 3, 1, 12, 0, 0, 123e6, time.UTC)

// doc returns version 1 of a document of a company.
func (f *fixture) doc(company entrepot.ID) persistence.Document {
	return persistence.Document{
		ID: entrepot.NewID(), Version: 1, CompanyID: company, CreatedAt: epoch, UpdatedAt: epoch,
		Fields: make([]any, len(things.Fields)), State: f.state(thing{Label: "first"}),
	}
}

func (f *fixture) state(v thing) []byte {
	f.t.Helper()
	b, err := f.Marshal(v)
	if err != nil {
		f.t.Fatalf("Marshal: %v", err)
	}
	return b
}

func (f *fixture) thing(d *persistence.Document) (v thing) {
	f.t.Helper()
	if err := f.Unmarshal(d.State, &v); err != nil {
		f.t.Fatalf("Unmarshal: %v", err)
	}
	return v
}

func write(d persistence.Document, e ...events.Envelope) persistence.Write {
	return persistence.Write{Collection: things, Doc: d, Events: e}
}

// commit writes a batch of one document and returns its result.
func (f *fixture) commit(d persistence.Document, e ...events.Envelope) error {
	results := f.Commit(f.ctx, []persistence.Write{write(d, e...)})
	if len(results) != 1 {
		f.t.Fatalf("results for 1 write: want 1, got %d", len(results))
	}
	return results[0]
}

// must writes a document and fails the test on an error.
func (f *fixture) must(d persistence.Document, e ...events.Envelope) {
	f.t.Helper()
	if err := f.commit(d, e...); err != nil {
		f.t.Fatalf("Commit %s version %d: %v", d.ID, d.Version, err)
	}
}

// load returns an existing document and fails the test if it is missing.
func (f *fixture) load(id entrepot.ID) *persistence.Document {
	f.t.Helper()
	d, err := f.Load(f.ctx, things, id)
	if err != nil {
		f.t.Fatalf("Load %s: %v", id, err)
	}
	return d
}

func (f *fixture) absent(id entrepot.ID) {
	f.t.Helper()
	if d, err := f.Load(f.ctx, things, id); !errors.Is(err, persistence.ErrNotFound) {
		f.t.Fatalf("Load of an absent document: want ErrNotFound, got %v (error %v)", d, err)
	}
}

// events returns the types of all stored events of a document in order, from its outbox or the log.
func (f *fixture) events(id entrepot.ID) (types []string) {
	f.t.Helper()
	if f.Log() == nil {
		for _, e := range f.load(id).Outbox {
			types = append(types, e.Type)
		}
		return types
	}
	entries, err := f.Log().Read(f.ctx, 0, 100_000)
	if err != nil {
		f.t.Fatalf("Read the log: %v", err)
	}
	mark, err := json.Marshal(id)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, entry := range entries {
		if !bytes.Contains(entry.Body, mark) {
			continue // decoding all entries would take most of the suite's time
		}
		if e := decode(f.t, entry); e.Aggregate.ID == id {
			types = append(types, e.Type)
		}
	}
	return types
}

// event returns the n-th event of a document.
func event(d persistence.Document, n int64) events.Envelope {
	return events.Envelope{
		ID: entrepot.NewID(), Type: fmt.Sprintf("thing.event%d", n), Version: 1, OccurredAt: epoch,
		CompanyID: d.CompanyID, ShopID: d.ShopID,
		Actor: events.Actor{
			UserID: d.OwnerID, Role: entrepot.Customer, RequestID: `req "1"`, UserAgent: "a <b> & c\u2028\x01",
		},
		Aggregate: events.Aggregate{Kind: "thing", ID: d.ID, Sequence: n},
		Data:      []byte(`{"n":1,"text":"<é>"}`),
	}
}

func ids(docs []persistence.Document) []entrepot.ID {
	out := make([]entrepot.ID, len(docs))
	for i := range docs {
		out[i] = docs[i].ID
	}
	return out
}
