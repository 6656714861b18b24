package sqlitestore

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"entrepot/events"
	"entrepot/persistence"
)

// AUTOINCREMENT: a sequence number never returns, even when the newest entries
// were trimmed.
const logSchema = `CREATE TABLE IF NOT EXISTS events (
	seq INTEGER PRIMARY KEY AUTOINCREMENT,
	type TEXT NOT NULL,
	body TEXT NOT NULL)`

// eventLog is the events table as an [events.Log].
type eventLog struct {
	store   *Store
	signals persistence.Signals
	tail    tail
}

// tail is the newest entries, which whoever follows the log reads at once: from
// here, not from a connection whose page cache each commit has made void.
type tail struct {
	mu      sync.Mutex
	entries []events.LogEntry // without a hole up to the log's end; only ever appended to or replaced
	bytes   int
}

// The tail is cut to half when it grows beyond either.
const (
	tailEntries = 2048
	tailBytes   = 1 << 20
)

// add takes the rows of a commit, the last of which has this sequence number.
func (t *tail) add(rows []logRow, last int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	first := last - int64(len(rows)) + 1
	if n := len(t.entries); n > 0 && t.entries[n-1].Seq != first-1 {
		t.entries, t.bytes = nil, 0 // somebody else has written in between
	}
	for i, r := range rows {
		t.entries = append(t.entries, events.LogEntry{Seq: first + int64(i), Type: r.event.Type, Body: r.body, Envelope: r.event})
		t.bytes += len(r.body)
	}
	if len(t.entries) <= tailEntries && t.bytes <= tailBytes {
		return
	}
	t.entries = slices.Clone(t.entries[(len(t.entries)+1)/2:])
	t.bytes = 0
	for _, e := range t.entries {
		t.bytes += len(e.Body)
	}
}

// cut forgets entries up to a sequence number.
func (t *tail) cut(upTo int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(t.entries) > 0 && t.entries[0].Seq <= upTo {
		t.bytes -= len(t.entries[0].Body)
		t.entries = t.entries[1:]
	}
}

// forget drops the tail, because nobody knows what is in the log.
func (t *tail) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.entries, t.bytes = nil, 0
}

// read answers entries after a sequence number, none at the log's end; false when
// the tail does not reach back so far. Only this process writes the log, so the
// tail knows where it ends.
func (t *tail) read(after int64, limit int) ([]events.LogEntry, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.entries) == 0 || after < t.entries[0].Seq-1 {
		return nil, false
	}
	from := min(after-t.entries[0].Seq+1, int64(len(t.entries)))
	to := min(from+int64(limit), int64(len(t.entries)))
	return t.entries[from:to:to], true
}

// Name is the file's name without its extension, so it survives a move of the
// data directory.
func (l *eventLog) Name() string {
	base := filepath.Base(l.store.path)
	return strings.TrimSuffix(base, filepath.Ext(base))
}

// Read answers entries after a sequence number.
func (l *eventLog) Read(ctx context.Context, after int64, limit int) ([]events.LogEntry, error) {
	if entries, ok := l.tail.read(after, limit); ok {
		return entries, nil
	}
	var entries []events.LogEntry
	err := l.store.read(ctx, func(c *conn) error {
		return c.rows(ctx, "SELECT seq, type, body FROM events WHERE seq > ? ORDER BY seq LIMIT ?", []value{after, int64(limit)},
			func(row []value) error {
				r := rowReader{row: row}
				entries = append(entries, events.LogEntry{Seq: r.int(), Type: r.text(), Body: []byte(r.text())})
				return r.err
			})
	})
	return entries, err
}

// Appended subscribes to commits that added entries.
func (l *eventLog) Appended() (<-chan struct{}, func()) { return l.signals.Subscribe() }

// trimStep bounds how long one trim keeps the writer.
const trimStep = 2000

// Trim deletes entries in small steps, between which commits go on.
func (l *eventLog) Trim(ctx context.Context, upTo int64) error {
	l.tail.cut(upTo)
	for {
		more := false
		err := l.store.write(ctx, func(c *conn) error {
			s, err := c.prepare(ctx, "DELETE FROM events WHERE seq IN (SELECT seq FROM events WHERE seq <= ? ORDER BY seq LIMIT ?)")
			if err != nil {
				return err
			}
			r, err := s.exec.ExecContext(ctx, named([]value{upTo, int64(trimStep)}))
			if err != nil {
				return err
			}
			n, err := r.RowsAffected()
			more = n == trimStep
			l.store.checkpoints.wrote()
			return err
		})
		if err != nil || !more {
			return err
		}
	}
}

// Last is the newest sequence number ever given.
func (l *eventLog) Last(ctx context.Context) (last int64, err error) {
	err = l.store.read(ctx, func(c *conn) error {
		return c.rows(ctx, "SELECT seq FROM sqlite_sequence WHERE name = 'events'", nil, func(row []value) error {
			r := rowReader{row: row}
			last = r.int()
			return r.err
		})
	})
	return last, err
}
