package storetest

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"entrepot"
	"entrepot/events"
	"entrepot/persistence"
)

func decode(t testing.TB, entry events.LogEntry) (e events.Envelope) {
	t.Helper()
	if err := json.Unmarshal(entry.Body, &e); err != nil {
		t.Fatalf("log entry %d: %v", entry.Seq, err)
	}
	return e
}

// lastEvent returns the newest event of a document, from its outbox or the log.
func (f *fixture) lastEvent(id entrepot.ID) (last events.Envelope) {
	f.t.Helper()
	if f.Log() == nil {
		outbox := f.load(id).Outbox
		return outbox[len(outbox)-1]
	}
	entries, err := f.Log().Read(f.ctx, 0, 100_000)
	if err != nil {
		f.t.Fatalf("Read the log: %v", err)
	}
	for _, entry := range entries {
		if e := decode(f.t, entry); e.Aggregate.ID == id {
			last = e
			if entry.Type != e.Type {
				f.t.Errorf("log entry of type %q holds an event of type %q", entry.Type, e.Type)
			}
		}
	}
	return last
}

func sameEvent(t testing.TB, got, want events.Envelope) {
	t.Helper()
	a, errA := json.Marshal(got)
	b, errB := json.Marshal(want)
	if errA != nil || errB != nil || string(a) != string(b) {
		t.Errorf("event: want\n%s\ngot\n%s (errors %v, %v)", b, a, errB, errA)
	}
}

func testBigDocument(t *testing.T, f *fixture) {
	d := f.doc(entrepot.NewID())
	want := thing{Label: strings.Repeat("0123456789abcdé", 1<<16), Tags: []string{}}
	d.State = f.state(want)
	if len(d.State) < 1<<20 {
		t.Fatalf("state size: want at least 1 MiB, got %d bytes", len(d.State))
	}
	f.must(d)
	d.Version, want.Count = 2, 2
	d.State = f.state(want)
	f.must(d, event(d, 1))
	if got := f.thing(f.load(d.ID)); !reflect.DeepEqual(got, want) {
		t.Errorf("big state: want %d bytes and count 2, got %d and %d", len(want.Label), len(got.Label), got.Count)
	}
	docs, _, err := f.Find(f.ctx, things, entrepot.InCompany(d.CompanyID), persistence.Query{Limit: 1})
	if err != nil || len(docs) != 1 || f.thing(&docs[0]).Label != want.Label {
		t.Errorf("Find of a big document: want 1 document, got %d (error %v)", len(docs), err)
	}
}

// hostile lists texts that some databases interpret as more than text.
var hostile = []string{
	`{"$gt":""}`, `{"$ne":null}`, "$gt", "$where", "$set", "a.b", ".", "..", "$", "a.$.b", "_id", "state.label",
	`'; DROP TABLE things; --`, `' OR '1'='1`, `"`, `""`, "`", `\`, `\0`, "%", "_", "[", "*", "?", ":name", "@p",
	"a\x00b", "\x00", "é", "e\u0301", "🙂", "\u2028", "\u202e", "\ufeff",
	"null", "true", "1", "1e3", "NaN", " ", "\n", "<script>",
	"0123456789abcdef01234567", "0123456789ABCDEF01234567",
}

func testHostileValues(t *testing.T, f *fixture) {
	company := entrepot.NewID()
	docs := make([]persistence.Document, len(hostile))
	for i, text := range hostile {
		d := f.doc(company)
		d.ID += ":" + text
		d.OwnerID, d.ShopID = text, text
		d.Fields[0], d.Fields[1] = text, text
		notes := map[string]string{"value": text}
		if !strings.Contains(text, "\x00") { // BSON does not allow such keys
			notes[text] = text
		}
		d.State = f.state(thing{Label: text, Tags: []string{text}, Notes: notes})
		f.must(d, event(d, 1))
		docs[i] = d
	}
	for i, text := range hostile {
		d := docs[i]
		got := f.load(d.ID)
		v := f.thing(got)
		if got.ID != d.ID || got.OwnerID != text || got.Fields[0] != text {
			t.Errorf("%q: want it unchanged in id, owner and field, got %+v", text, got)
		}
		if v.Label != text || v.Tags[0] != text || v.Notes["value"] != text {
			t.Errorf("%q: want it unchanged in the state, got %+v", text, v)
		}
		for _, c := range []persistence.Cond{
			{Field: "name", Op: persistence.Eq, Value: text},
			{Field: "number", Op: persistence.Eq, Value: text},
			{Field: "name", Op: persistence.In, Values: []any{text}},
			{Field: "shopId", Op: persistence.Eq, Value: text},
			{Field: "ownerId", Op: persistence.Eq, Value: text},
		} {
			found := f.find(entrepot.InCompany(company), persistence.Query{Where: []persistence.Cond{c}})
			if len(found) != 1 || found[0] != d.ID {
				t.Errorf("condition %q on %s: want %s, got %q", text, c.Field, d.ID, found)
			}
		}
		if found := f.find(entrepot.OwnedBy(text), persistence.Query{}); len(found) != 1 || found[0] != d.ID {
			t.Errorf("documents of owner %q: want %s, got %q", text, d.ID, found)
		}
		d.Version, d.State = 2, f.state(thing{Label: text + text})
		f.must(d)
	}
	q := persistence.Query{Limit: 3, Sort: "name"}
	if all := f.walk(t, entrepot.InCompany(company), q); len(all) != len(hostile) {
		t.Errorf("documents in pages over hostile values: want %d, got %d", len(hostile), len(all))
	}
}

func testCodec(t *testing.T, f *fixture) {
	for _, v := range codecValues() {
		viaJSON, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		data, err := f.Marshal(v)
		if err != nil {
			t.Errorf("Marshal %T: %v", v, err)
			continue
		}
		got, want := reflect.New(reflect.TypeOf(v)), reflect.New(reflect.TypeOf(v))
		if err := f.Unmarshal(data, got.Interface()); err != nil {
			t.Errorf("Unmarshal %T: %v", v, err)
			continue
		}
		if err := json.Unmarshal(viaJSON, want.Interface()); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got.Interface(), want.Interface()) {
			t.Errorf("%T: want, as by JSON,\n%+v\ngot\n%+v", v, want.Elem(), got.Elem())
		}
	}
	var v thing
	if f.Unmarshal([]byte("nonsense"), &v) == nil {
		t.Error("Unmarshal of nonsense: want an error, got nil")
	}
}

func testEnsureMore(t *testing.T, f *fixture) {
	d := f.doc(entrepot.NewID())
	d.Fields[0] = "old"
	f.must(d)
	more := *things
	more.Fields = append(append([]persistence.Field{}, things.Fields...),
		persistence.Field{Name: "colour", Type: persistence.String},
		persistence.Field{Name: "code", Type: persistence.String, Unique: true})
	more.Indexes = append(append([][]string{}, things.Indexes...), []string{"companyId", "colour"})
	for range 2 {
		if err := f.Ensure(f.ctx, []*persistence.Collection{&more}); err != nil {
			t.Fatalf("Ensure: %v", err)
		}
	}
	got, err := f.Load(f.ctx, &more, d.ID)
	if err != nil || got.Fields[0] != "old" || len(got.Fields) != len(more.Fields) || got.Fields[6] != nil {
		t.Fatalf("document from before the change: want its old fields, got %+v (error %v)", got, err)
	}
	got.Version, got.Fields[6], got.Fields[7] = 2, "red", "C-1"
	if err := f.Commit(f.ctx, []persistence.Write{{Collection: &more, Doc: *got}})[0]; err != nil {
		t.Fatal(err)
	}
	twin := f.doc(d.CompanyID)
	twin.Fields = append(twin.Fields, nil, "C-1")
	var dup *persistence.DuplicateError
	err = f.Commit(f.ctx, []persistence.Write{{Collection: &more, Doc: twin}})[0]
	if !errors.As(err, &dup) || dup.Field != "code" {
		t.Errorf("duplicate in a new field: want a duplicate of \"code\", got %v", err)
	}
	docs, _, err := f.Find(f.ctx, &more, entrepot.InCompany(d.CompanyID),
		persistence.Query{Limit: 10, Sort: "colour", Where: []persistence.Cond{{Field: "colour", Value: "red"}}})
	if err != nil || len(docs) != 1 {
		t.Errorf("Find by a new field: want 1 document, got %v (error %v)", docs, err)
	}
}

func testReopen(t *testing.T, f *fixture) {
	r, ok := f.Store.(Reopener)
	if !ok {
		t.Skip("this store's data does not outlive it")
	}
	d := f.doc(entrepot.NewID())
	d.Recent, d.WakeAt = []byte("recent"), epoch
	d.Fields = []any{"n", "N-1", int64(1), true, epoch, int64(4)}
	f.must(d, event(d, 1))
	want, types := f.load(d.ID), f.events(d.ID)
	for range 2 {
		f.Store = r.Reopen(t)
		if err := f.Ensure(f.ctx, []*persistence.Collection{things}); err != nil {
			t.Fatalf("Ensure: %v", err)
		}
		if got := f.load(d.ID); !reflect.DeepEqual(got, want) {
			t.Errorf("document after reopening: want\n%+v\ngot\n%+v", want, got)
		}
		if got := f.events(d.ID); !reflect.DeepEqual(got, types) {
			t.Errorf("events after reopening: want %v, got %v", types, got)
		}
	}
}

func testClose(t *testing.T, f *fixture) {
	d := f.doc(entrepot.NewID())
	if err := f.Ping(f.ctx); err != nil {
		t.Errorf("Ping: %v", err)
	}
	for range 2 {
		if err := f.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	if err := f.commit(d); !errors.Is(err, persistence.ErrNotExecuted) {
		t.Errorf("Commit after Close: want ErrNotExecuted, got %v", err)
	}
	if _, err := f.Load(f.ctx, things, d.ID); err == nil || errors.Is(err, persistence.ErrNotFound) {
		t.Errorf("Load after Close: want an error other than ErrNotFound, got %v", err)
	}
	if f.Ping(f.ctx) == nil {
		t.Error("Ping after Close: want an error, got nil")
	}
}
