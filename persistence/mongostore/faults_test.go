package mongostore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"entrepot"
	"entrepot/events"
	"entrepot/persistence"
)

var notes = &persistence.Collection{
	Name: "notes",
	Fields: []persistence.Field{
		{Name: "status", Type: persistence.String}, {Name: "number", Type: persistence.String, Unique: true},
	},
}

func note(size int) persistence.Write {
	d := persistence.Document{
		ID: entrepot.NewID(), Version: 1, CompanyID: entrepot.NewID(),
		CreatedAt: time.UnixMilli(1000).UTC(), UpdatedAt: time.UnixMilli(1000).UTC(),
	}
	d.State, _ = marshal(map[string]string{"text": strings.Repeat("x", size)})
	return persistence.Write{Collection: notes, Doc: d}
}

// TestDocumentShape checks that documents are readable for people: field names of the
// specification, ObjectIDs, dates, embedded events.
func TestDocumentShape(t *testing.T) {
	s := openTemp(t, dial(t)).Store
	if err := s.Ensure(t.Context(), []*persistence.Collection{notes}); err != nil {
		t.Fatal(err)
	}
	w := note(0)
	d := &w.Doc
	d.ShopID, d.OwnerID, d.Sequence, d.WakeAt = entrepot.NewID(), "someone", 2, time.UnixMilli(5000)
	d.Fields, d.Recent = []any{"open", "N-1"}, []byte{1}
	state, err := s.Marshal(map[string]any{
		"orderId": d.ID, "paidAt": d.CreatedAt, "total": entrepot.Money{Minor: 5, Currency: "EUR"},
	})
	if err != nil {
		t.Fatal(err)
	}
	d.State = state
	w.Events = []events.Envelope{{
		ID: entrepot.NewID(), Type: "note.made", OccurredAt: d.CreatedAt, Data: []byte(`{"n":1}`),
	}}
	if err := s.Commit(t.Context(), []persistence.Write{w})[0]; err != nil {
		t.Fatal(err)
	}
	raw, err := s.db.Collection("notes").FindOne(t.Context(), bson.D{e("_id", idValue(d.ID))}).Raw()
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bson.Type{
		"_id": bson.TypeObjectID, "version": bson.TypeInt64, "companyId": bson.TypeObjectID,
		"shopId": bson.TypeObjectID, "ownerId": bson.TypeString, "createdAt": bson.TypeDateTime,
		"updatedAt": bson.TypeDateTime, "wakeAt": bson.TypeDateTime, "sequence": bson.TypeInt64,
		"status": bson.TypeString, "number": bson.TypeString, "recent": bson.TypeBinary,
		"state.orderId": bson.TypeObjectID, "state.paidAt": bson.TypeDateTime, "state.total.minor": bson.TypeInt64,
		"outbox.0.eventId": bson.TypeObjectID, "outbox.0.occurredAt": bson.TypeDateTime, "outbox.0.data.n": bson.TypeInt64,
	} {
		if v, err := raw.LookupErr(strings.Split(path, ".")...); err != nil || v.Type != want {
			t.Errorf("%s: want a value of type %s, got %v (error %v)", path, want, v, err)
		}
	}
}

func TestOversizedDocument(t *testing.T) {
	s := openTemp(t, dial(t)).Store
	if err := s.Ensure(t.Context(), []*persistence.Collection{notes}); err != nil {
		t.Fatal(err)
	}
	batch := []persistence.Write{note(1), note(16 << 20), note(2)}
	results := s.Commit(t.Context(), batch)
	if results[0] != nil || results[2] != nil || !errors.Is(results[1], persistence.ErrNotExecuted) {
		t.Errorf("results: want nil, ErrNotExecuted, nil; got %.200v", results)
	}
}

// proxy forwards between a client and the server and can cut connections.
type proxy struct {
	net.Listener
	to string
	// cut is called for each piece of a reply. If it returns true, the connection is closed instead
	// of forwarding the piece, after the server has done the work.
	cut   atomic.Pointer[func(answer []byte) bool]
	wg    sync.WaitGroup
	mu    sync.Mutex
	conns []net.Conn
}

func newProxy(t *testing.T, to string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{Listener: l, to: to}
	p.wg.Go(p.accept)
	t.Cleanup(func() {
		_ = l.Close()
		p.mu.Lock()
		for _, c := range p.conns {
			_ = c.Close()
		}
		p.mu.Unlock()
		p.wg.Wait()
	})
	return p
}

func (p *proxy) accept() {
	for {
		client, err := p.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.to)
		if err != nil {
			_ = client.Close()
			continue
		}
		p.mu.Lock()
		p.conns = append(p.conns, client, server)
		p.mu.Unlock()
		p.wg.Go(func() { _, _ = io.Copy(server, client); _ = server.Close() })
		p.wg.Go(func() { p.forwardReplies(client, server) })
	}
}

func (p *proxy) forwardReplies(client, server net.Conn) {
	defer func() { _ = client.Close() }()
	buf := make([]byte, 1<<16)
	for {
		n, err := server.Read(buf)
		if err != nil {
			return
		}
		if cut := p.cut.Load(); cut != nil && (*cut)(buf[:n]) {
			return
		}
		if _, err := client.Write(buf[:n]); err != nil {
			return
		}
	}
}

// TestLostAnswerIsUnknown checks that losing the server's reply leaves the outcome unknown until a
// reload shows that the write landed.
func TestLostAnswerIsUnknown(t *testing.T) {
	direct := openTemp(t, dial(t)).Store
	u, err := url.Parse(server(t))
	if err != nil {
		t.Fatal(err)
	}
	p := newProxy(t, u.Host)
	u.Host = p.Addr().String()
	u.RawQuery = "directConnection=true&retryWrites=false"
	s, err := Open(t.Context(), u.String(), direct.db.Name(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := s.Ensure(t.Context(), []*persistence.Collection{notes}); err != nil {
		t.Fatal(err)
	}
	if err := direct.Ensure(t.Context(), []*persistence.Collection{notes}); err != nil {
		t.Fatal(err)
	}
	// Replies to writes contain nModified; those to the driver's monitor do not.
	cut := func(answer []byte) bool { return strings.Contains(string(answer), "nModified") }
	p.cut.Store(&cut)
	batch := []persistence.Write{note(1), note(2)}
	for i, err := range s.Commit(t.Context(), batch) {
		if !errors.Is(err, persistence.ErrUnknown) {
			t.Errorf("write %d: want ErrUnknown, got %v", i, err)
		}
		if _, err := direct.Load(t.Context(), notes, batch[i].Doc.ID); err != nil {
			t.Errorf("write %d: want it stored, got Load error %v", i, err)
		}
	}
	p.cut.Store(nil)
	// The repeated writes are stale, which together with the reload resolves them; the store keeps
	// working.
	for i, err := range s.Commit(t.Context(), append(batch, note(3))) {
		if want := i < 2; errors.Is(err, persistence.ErrStale) != want {
			t.Errorf("repeated write %d: want stale: %t, got %v", i, want, err)
		}
	}
}

func TestNoServerIsNotExecuted(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	o := Options{ServerSelection: 50 * time.Millisecond}
	if _, err := Dial(t.Context(), "mongodb://"+address, o); err == nil {
		t.Fatal("Dial without a server: want an error, got nil")
	}
	if _, err := Dial(t.Context(), "nonsense://", o); err == nil {
		t.Fatal("Dial with an invalid URI: want an error, got nil")
	}
	if s, err := Open(t.Context(), "mongodb://"+address, "x", o); err == nil {
		t.Fatal("Open without a server: want an error, got nil and ", s)
	}

	p := newProxy(t, serverAddress(t))
	o.ServerSelection = 500 * time.Millisecond
	c, err := Dial(t.Context(), "mongodb://"+p.Addr().String()+"/?directConnection=true", o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	s := c.Database("unused")
	s.tables.Store(notes.Name, &table{c: notes, coll: s.db.Collection(notes.Name)})
	_ = p.Close()
	cut := func([]byte) bool { return true }
	p.cut.Store(&cut)
	// The first writes may find their connection cut, which is unknown; later ones find no server.
	var last error
	for range 10 {
		if last = s.Commit(t.Context(), []persistence.Write{note(1)})[0]; errors.Is(last, persistence.ErrNotExecuted) {
			break
		}
		if !errors.Is(last, persistence.ErrUnknown) {
			t.Fatalf("commit while the server goes away: want ErrUnknown or ErrNotExecuted, got %v", last)
		}
	}
	if !errors.Is(last, persistence.ErrNotExecuted) {
		t.Errorf("commit without a server: want ErrNotExecuted, got %v", last)
	}
	if err := s.Ping(t.Context()); err == nil {
		t.Error("Ping without a server: want an error, got nil")
	}
}

// serverAddress returns the host and port of the test database.
func serverAddress(t *testing.T) string {
	t.Helper()
	u, err := url.Parse(server(t))
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

// TestIndexNameInDuplicates covers the duplicate key messages of MongoDB 4.4 to 8 and FerretDB 2,
// with values that imitate another index name.
func TestIndexNameInDuplicates(t *testing.T) {
	const (
		mongoDuplicate  = `E11000 duplicate key error collection: `
		ferretDuplicate = `Duplicate key violation on the requested collection: `
	)
	for message, want := range map[string]string{
		mongoDuplicate + `salesdb.orders index: _id_ dup key: { _id: ObjectId('65f1c0000000000000000000') }`: "_id_",
		mongoDuplicate + `salesdb.orders index: unique_number dup key: { number: "N-1" }`:                    "unique_number",
		mongoDuplicate + `salesdb.orders index: unique_number ` +
			`dup key: { number: " index: _id_ dup key: Index '_id_'" }`: "unique_number",
		mongoDuplicate + `a.b index: unique_number collation: { locale: "en" } dup key: { number: "0x1" }`: "unique_number",
		ferretDuplicate + `Index '_id_'`:          "_id_",
		ferretDuplicate + `Index 'unique_number'`: "unique_number",
	} {
		if m := indexName.FindStringSubmatch(message); m == nil || m[1] != want {
			t.Errorf("%s: want index %s, got %v", message, want, m)
		}
	}
}

func TestClassify(t *testing.T) {
	for _, c := range []struct {
		err  error
		want error
	}{
		{mongo.CommandError{Code: 13}, persistence.ErrNotExecuted},
		{mongo.CommandError{Code: 13, Labels: []string{"RetryableWriteError"}}, persistence.ErrUnknown},
		{mongo.CommandError{Code: 50}, persistence.ErrUnknown},
		{mongo.CommandError{Code: 91}, persistence.ErrUnknown},
		{context.DeadlineExceeded, persistence.ErrUnknown},
		{io.ErrUnexpectedEOF, persistence.ErrUnknown},
		{fmt.Errorf("wrapped: %w", mongo.ErrClientDisconnected), persistence.ErrNotExecuted},
	} {
		if got := classify(c.err); !errors.Is(got, c.want) {
			t.Errorf("classify(%v): want %v, got %v", c.err, c.want, got)
		}
	}
}

// TestBulksAreSorted checks that bulks are sorted by id, so that bulks over the same documents do
// not deadlock, and that results stay with their writes.
func TestBulksAreSorted(t *testing.T) {
	tab := &table{c: notes}
	b := &bulk{t: tab}
	results := make([]error, 50)
	for i := range results {
		w := note(1)
		w.Doc.ID = fmt.Sprintf("%02d", (i*37)%50)
		b.add(&w, nil, &results[i])
	}
	b.sort()
	byID := func(x, y *persistence.Write) int { return strings.Compare(x.Doc.ID, y.Doc.ID) }
	if !slices.IsSortedFunc(b.writes, byID) {
		t.Error("writes are not sorted by id")
	}
	for i := range b.results {
		*b.results[i] = errors.New(b.writes[i].Doc.ID)
	}
	for i, err := range results {
		if want := fmt.Sprintf("%02d", (i*37)%50); err.Error() != want {
			t.Errorf("result %d: want that of document %s, got %v", i, want, err)
		}
	}
}

func BenchmarkCommit(b *testing.B) {
	for _, size := range []int{1, 64, 256} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			s := openTemp(b, dial(b)).Store
			if err := s.Ensure(b.Context(), []*persistence.Collection{notes}); err != nil {
				b.Fatal(err)
			}
			batches := make([][]persistence.Write, 4)
			for i := range batches {
				batches[i] = make([]persistence.Write, size)
				for k := range batches[i] {
					batches[i][k] = note(600)
				}
			}
			commit := func(batch []persistence.Write) {
				for _, err := range s.Commit(context.Background(), batch) {
					if err != nil {
						b.Error(err)
					}
				}
				for k := range batch {
					d := &batch[k].Doc
					d.Version++
					batch[k].Events = []events.Envelope{{
						ID: entrepot.NewID(), Type: "note.changed", Aggregate: events.Aggregate{Kind: "note", ID: d.ID},
						Data: []byte(`{"n":1,"productId":"0123456789abcdef01234567"}`),
					}}
				}
			}
			for _, batch := range batches {
				commit(batch)
			}
			b.ResetTimer()
			var wg sync.WaitGroup
			var n atomic.Int64
			for _, batch := range batches { // four in flight
				wg.Go(func() {
					for n.Add(1) <= int64(b.N) {
						commit(batch)
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "writes/s")
		})
	}
}
