package sqlitestore

import (
	"context"
	"path/filepath"
	"strings"

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
}

// Name is the file's name without its extension, so it survives a move of the
// data directory.
func (l *eventLog) Name() string {
	base := filepath.Base(l.store.path)
	return strings.TrimSuffix(base, filepath.Ext(base))
}

// Read answers entries after a sequence number.
func (l *eventLog) Read(ctx context.Context, after int64, limit int) ([]events.LogEntry, error) {
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
			l.store.checkpoints.wrote(int(n) / 4)
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
