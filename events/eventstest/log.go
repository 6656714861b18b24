package eventstest

import (
	"context"
	"encoding/json"
	"sort"
	"sync"
	"sync/atomic"

	"entrepot/events"
)

// Log is an [events.Log] as a store would keep it, in memory.
type Log struct {
	name string
	gap  int64 // between two Seqs
	read atomic.Int64

	mu      sync.Mutex
	entries []events.LogEntry
	last    int64
	subs    map[chan struct{}]bool
	fail    error
}

// NewLog makes an empty log whose Seqs grow by gap.
func NewLog(name string, gap int64) *Log {
	return &Log{name: name, gap: gap, subs: map[chan struct{}]bool{}}
}

// Append adds a body as it is.
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

// Add appends events.
func (l *Log) Add(batch ...events.Envelope) {
	for i := range batch {
		body, err := json.Marshal(&batch[i])
		if err != nil {
			panic(err) // a test's own event
		}
		l.Append(batch[i].Type, body)
	}
}

// Fail makes Read answer an error; nil ends it.
func (l *Log) Fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fail = err
}

// Reads counts the entries that Read has answered.
func (l *Log) Reads() int64 { return l.read.Load() }

// Len is how many entries there are.
func (l *Log) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.entries)
}

// Name is the log's name.
func (l *Log) Name() string { return l.name }

// Read answers entries after a position.
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

// Appended subscribes to additions.
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

// Trim removes entries up to a position.
func (l *Log) Trim(_ context.Context, upTo int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = l.entries[l.after(upTo):]
	return nil
}

// Last is the newest position.
func (l *Log) Last(context.Context) (int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last, nil
}
