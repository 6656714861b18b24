package sqlitestore

import (
	"bytes"
	"encoding/json"
	"fmt"
	"syscall"
	"testing"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/persistence"
)

var carts = &persistence.Collection{
	Name: "carts",
	Fields: []persistence.Field{
		{Name: "status", Type: persistence.String},
		{Name: "number", Type: persistence.String, Unique: true},
	},
	Indexes: [][]string{{"companyId", "status", "createdAt"}},
}

var benchTime = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// load stores n documents of about 600 bytes and returns them.
func load(b *testing.B, s *Store, n int) []persistence.Document {
	b.Helper()
	if err := s.Ensure(b.Context(), []*persistence.Collection{carts}); err != nil {
		b.Fatal(err)
	}
	docs := make([]persistence.Document, n)
	company := entrepot.NewID()
	state := []byte(`{"lines":"` + string(bytes.Repeat([]byte("abcdefghij"), 60)) + `"}`)
	for i := range docs {
		docs[i] = persistence.Document{
			ID: entrepot.NewID(), CompanyID: company, OwnerID: entrepot.NewID(), CreatedAt: benchTime, UpdatedAt: benchTime,
			Fields: []any{"open", fmt.Sprintf("N-%d", i)}, State: state, Recent: bytes.Repeat([]byte{1}, 64),
		}
	}
	for i := 0; i < n; i += 500 {
		commitAll(b, s, docs[i:min(i+500, n)], nil)
	}
	return docs
}

// commitAll commits the next version of each document with one event.
func commitAll(b *testing.B, s *Store, docs []persistence.Document, change func(*persistence.Document)) {
	b.Helper()
	batch := make([]persistence.Write, len(docs))
	for i := range docs {
		d := &docs[i]
		d.Version++
		d.Sequence++
		d.UpdatedAt = d.UpdatedAt.Add(time.Millisecond)
		if change != nil {
			change(d)
		}
		batch[i] = persistence.Write{Collection: carts, Doc: *d, Events: []events.Envelope{{
			ID: entrepot.NewID(), Type: "cart.updated", Version: 1, OccurredAt: d.UpdatedAt, CompanyID: d.CompanyID,
			Actor:     events.Actor{UserID: d.OwnerID, Role: entrepot.Customer, RequestID: "0123456789abcdef"},
			Aggregate: events.Aggregate{Kind: "cart", ID: d.ID, Sequence: d.Sequence},
			Data:      json.RawMessage(`{"productId":"0123456789abcdef01234567","quantity":3,"total":59.97}`),
		}}}
	}
	for _, err := range s.Commit(b.Context(), batch) {
		if err != nil {
			b.Fatal(err)
		}
	}
}

// cpu returns the processor time of this process in ns, which hardly depends on other load.
func cpu() int64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail for the own process
	return u.Utime.Nano() + u.Stime.Nano()
}

func BenchmarkCommit(b *testing.B) {
	wake := func(d *persistence.Document) { d.WakeAt = d.UpdatedAt.Add(time.Hour) }
	move := func(d *persistence.Document) { wake(d); d.Fields[0] = []string{"open", "closed"}[d.Version%2] }
	for _, c := range []struct {
		name   string
		size   int
		docs   int
		change func(*persistence.Document)
	}{
		{"single", 1, 20_000, nil},
		{"batch=32", 32, 20_000, nil},
		{"batch=128", 128, 20_000, nil},
		{"batch=128,wakeAt", 128, 20_000, wake},
		{"batch=128,indexed", 128, 20_000, move},
		{"batch=128,docs=200k", 128, 200_000, nil},
		{"insert,batch=128", 128, 0, nil},
	} {
		b.Run(c.name, func(b *testing.B) {
			s := openTemp(b, Options{})
			docs := load(b, s.Store, c.docs)
			if c.docs == 0 {
				docs = load(b, s.Store, 0)
			}
			batch := make([]persistence.Document, c.size)
			used := cpu()
			b.ResetTimer()
			var worst time.Duration
			writes, at := 0, 0
			for b.Loop() {
				began := time.Now()
				if c.docs == 0 {
					for i := range batch {
						batch[i] = persistence.Document{
							ID: entrepot.NewID(), CompanyID: "0123456789abcdef01234567", CreatedAt: benchTime,
							UpdatedAt: benchTime, Fields: []any{"open", entrepot.NewID()}, State: []byte(`{}`),
						}
					}
					commitAll(b, s.Store, batch, nil)
				} else {
					// The documents lie far apart in the file.
					for i := range batch {
						at = (at + 7919) % len(docs)
						batch[i] = docs[at]
					}
					commitAll(b, s.Store, batch, c.change)
					for i := range batch {
						at2 := (at - 7919*(len(batch)-1-i)%len(docs) + len(docs)*2) % len(docs)
						docs[at2] = batch[i]
					}
				}
				writes += c.size
				worst = max(worst, time.Since(began))
			}
			b.ReportMetric(float64(cpu()-used)/1e3/float64(writes), "cpu-µs/write")
			b.ReportMetric(float64(writes)/b.Elapsed().Seconds(), "writes/s")
			b.ReportMetric(float64(worst.Microseconds())/1000, "worst-ms")
		})
	}
}
