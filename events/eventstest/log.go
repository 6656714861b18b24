package eventstest

import (
	"context"
	"encoding/json"
	"sort"
	"sync"
	"sync/atomic"

	"entrepot/events"
)

// Log is an in-memory [events.Log] that behaves like a store's.
type Log struct {
	name string
	gap  int64 // between consecutive Seqs
	read atomic.Int64

	mu      sync.Mutex
	entries []events.LogEntry
	last    int64
	subs    map[chan struct{}]bool
	fail    error
}

// NewLog returns an empty log whose Seqs increase by gap.
func NewLog(name string, gap int64) *Log {
	return &Log{name: name, gap: gap, subs: map[chan struct{}]bool{}}
}

// Append appends a raw body.
func (l *Log) Append(typ string, body []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last += l.gap
	l.entries = append(l.entries, events.LogEntry{Seq: l.last, Type: typ, Body: body})
	for c := range l.subs {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// Add appends events as JSON.
func (l *Log) Add(batch ...events.Envelope) {
	for i := range batch {
		body, err := json.Marshal(&batch[i])
		if err != nil {
			panic(err) // cannot happen with a test's own event
		}
		l.Append(batch[i].Type, body)
	}
}

// Fail makes Read return err; nil restores it.
func (l *Log) Fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fail = err
}

// Reads returns the number of entries that Read has returned.
func (l *Log) Reads() int64 { return l.read.Load() }

// Len returns the number of entries.
func (l *Log) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.entries)
}

// Name returns the log's name.
func (l *Log) Name() string { return l.name }

// Read returns up to limit entries with Seq greater than after.
func (l *Log) Read(ctx context.Context, after int64, limit int) ([]events.LogEntry, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if l.fail != nil {
		return nil, l.fail
	}
	i := l.after(after)
	found := append([]events.LogEntry(nil), l.entries[i:min(i+limit, len(l.entries))]...)
	l.read.Add(int64(len(found)))
	return found, nil
}

func (l *Log) after(seq int64) int {
	return sort.Search(len(l.entries), func(i int) bool { return l.entries[i].Seq > seq })
}

// Appended subscribes to appended entries.
func (l *Log) Appended() (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.subs[c] = true
	return c, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.subs, c)
	}
}

// Trim removes the entries with Seq up to upTo.
func (l *Log) Trim(_ context.Context, upTo int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = l.entries[l.after(upTo):]
	return nil
}

// Last returns the newest Seq.
func (l *Log) Last(context.Context) (int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last, nil
}
