package local

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// schema has rows only for failed and unrouted events and for events without a log of their own;
// everything else is a cursor.
const schema = `
CREATE TABLE IF NOT EXISTS log (
	seq  INTEGER PRIMARY KEY AUTOINCREMENT,
	type TEXT NOT NULL,
	body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS queue (
	name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cursor (
	queue TEXT NOT NULL,
	log   TEXT NOT NULL,
	seq   INTEGER NOT NULL,
	PRIMARY KEY (queue, log)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS retry (
	queue   TEXT NOT NULL,
	log     TEXT NOT NULL,
	seq     INTEGER NOT NULL,
	body    BLOB NOT NULL,
	attempt INTEGER NOT NULL, -- attempts made
	due     INTEGER NOT NULL, -- Unix milliseconds
	UNIQUE (queue, log, seq));
CREATE INDEX IF NOT EXISTS retry_due ON retry (queue, due);
CREATE TABLE IF NOT EXISTS dead (
	id     INTEGER PRIMARY KEY,
	queue  TEXT NOT NULL,
	log    TEXT NOT NULL,
	seq    INTEGER NOT NULL,
	body   BLOB NOT NULL,
	reason TEXT NOT NULL,
	UNIQUE (queue, log, seq));
CREATE TABLE IF NOT EXISTS unrouted (
	id   INTEGER PRIMARY KEY,
	log  TEXT NOT NULL,
	seq  INTEGER NOT NULL,
	type TEXT NOT NULL,
	body BLOB NOT NULL,
	UNIQUE (log, seq));
`

// database is the broker's file, with one writing connection and a few for reading.
type database struct {
	writes, reads *sql.DB
	conn          *sql.Conn // the writing connection
	st            statements
}

// statements are prepared on the writing connection.
type statements struct {
	appendLog, trimLog, saveQueue, saveCursor    *sql.Stmt
	saveRetry, dropRetry, saveDead, saveUnrouted *sql.Stmt
}

func openDatabase(ctx context.Context, path string) (_ *database, err error) {
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() +
		"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)" +
		"&_pragma=journal_size_limit(4194304)&_pragma=cache_size(-512)"
	d := &database{}
	defer func() {
		if err != nil {
			_ = d.close()
			err = fmt.Errorf("local broker %s: %w", path, err)
		}
	}()
	if d.writes, err = sql.Open("sqlite", dsn); err != nil {
		return nil, err
	}
	d.writes.SetMaxOpenConns(1)
	if d.conn, err = d.writes.Conn(ctx); err != nil {
		return nil, err
	}
	if _, err = d.conn.ExecContext(ctx, schema); err != nil {
		return nil, err
	}
	if err = d.prepare(ctx); err != nil {
		return nil, err
	}
	if d.reads, err = sql.Open("sqlite", dsn+"&_pragma=query_only(1)"); err != nil {
		return nil, err
	}
	d.reads.SetMaxOpenConns(2)
	d.reads.SetMaxIdleConns(2)
	return d, d.reads.PingContext(ctx)
}

func (d *database) prepare(ctx context.Context) error {
	for query, stmt := range map[string]**sql.Stmt{
		`INSERT INTO log (type, body) VALUES (?, ?)`: &d.st.appendLog,
		// In portions, so that a large trim does not delay publishers.
		`DELETE FROM log WHERE seq IN (SELECT seq FROM log WHERE seq <= ? ORDER BY seq LIMIT 5000)`: &d.st.trimLog,
		`INSERT OR IGNORE INTO queue (name) VALUES (?)`:                                             &d.st.saveQueue,
		`INSERT INTO cursor (queue, log, seq) VALUES (?, ?, ?)
		 ON CONFLICT DO UPDATE SET seq = excluded.seq`: &d.st.saveCursor,
		`INSERT INTO retry (queue, log, seq, body, attempt, due) VALUES (?, ?, ?, ?, ?, ?)
		 ON CONFLICT DO UPDATE SET attempt = excluded.attempt, due = excluded.due`: &d.st.saveRetry,
		`DELETE FROM retry WHERE queue = ? AND log = ? AND seq = ?`:                         &d.st.dropRetry,
		`INSERT OR IGNORE INTO dead (queue, log, seq, body, reason) VALUES (?, ?, ?, ?, ?)`: &d.st.saveDead,
		`INSERT OR IGNORE INTO unrouted (log, seq, type, body) VALUES (?, ?, ?, ?)`:         &d.st.saveUnrouted,
	} {
		s, err := d.conn.PrepareContext(ctx, query)
		if err != nil {
			return err
		}
		*stmt = s
	}
	return nil
}

func (d *database) close() error {
	if d.reads != nil {
		_ = d.reads.Close()
	}
	if d.conn != nil {
		_ = d.conn.Close()
	}
	if d.writes != nil {
		return d.writes.Close()
	}
	return nil
}

// queues returns the names of all queues ever declared.
func (d *database) queues(ctx context.Context) (names []string, err error) {
	err = each(ctx, d.reads, func(scan func(...any) error) error {
		var name string
		err := scan(&name)
		names = append(names, name)
		return err
	}, `SELECT name FROM queue`)
	return names, err
}

// cursorKey identifies a queue's position in a log.
type cursorKey struct{ queue, log string }

func (d *database) cursors(ctx context.Context) (map[cursorKey]int64, error) {
	all := map[cursorKey]int64{}
	err := each(ctx, d.reads, func(scan func(...any) error) error {
		var k cursorKey
		var seq int64
		err := scan(&k.queue, &k.log, &seq)
		all[k] = seq
		return err
	}, `SELECT queue, log, seq FROM cursor`)
	return all, err
}

// each calls row for every row of a query.
func each(ctx context.Context, db *sql.DB, row func(scan func(...any) error) error, query string, args ...any) error {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}
