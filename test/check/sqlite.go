package check

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"entrepot/events"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// sqlite reads the files of an embedded installation.
type sqlite struct {
	dir   string
	files map[string]*sql.DB
}

// SQLite is the installation in a data folder.
func SQLite(dir string) Source { return &sqlite{dir: dir, files: map[string]*sql.DB{}} }

// open is the file of a database, nil when there is none.
func (s *sqlite) open(name string) (*sql.DB, error) {
	if db := s.files[name]; db != nil {
		return db, nil
	}
	file := filepath.Join(s.dir, name+".sqlite")
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	// Not mode=ro: whoever reads the log of a database that was killed must make its index first.
	dsn := "file:" + (&url.URL{Path: file}).EscapedPath() + "?mode=rw&_pragma=busy_timeout(5000)&_pragma=query_only(1)"
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	s.files[name] = db
	return db, nil
}

// rows runs a query, if the database and its table are there.
func (s *sqlite) rows(ctx context.Context, database, table, query string, row func(*sql.Rows) error) error {
	db, err := s.open(database)
	if err != nil || db == nil {
		return err
	}
	var there int
	if err := db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?`, table).Scan(&there); err != nil || there == 0 {
		return err
	}
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := row(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (s *sqlite) Each(ctx context.Context, database, collection string, f func(Doc) error) error {
	query := fmt.Sprintf(`SELECT id, version, sequence, wake_at, state FROM "%s"`, collection)
	return s.rows(ctx, database, collection, query, func(rows *sql.Rows) error {
		var d Doc
		var wake sql.NullInt64
		var state string
		if err := rows.Scan(&d.ID, &d.Version, &d.Sequence, &wake, &state); err != nil {
			return err
		}
		if wake.Valid {
			d.WakeAt = time.UnixMilli(wake.Int64)
		}
		d.Decode = func(into any) error { return json.Unmarshal([]byte(state), into) }
		return f(d)
	})
}

// Kept counts the broker's rows: everything else there is a cursor.
func (s *sqlite) Kept(ctx context.Context) (map[string]int64, error) {
	kept := map[string]int64{}
	count := func(table, query string, name func(string) string) error {
		return s.rows(ctx, "broker", table, query, func(rows *sql.Rows) error {
			var queue string
			var n int64
			err := rows.Scan(&queue, &n)
			kept[name(queue)] = n
			return err
		})
	}
	err := errors.Join(
		count("dead", `SELECT queue, count(*) FROM dead GROUP BY queue`, events.DeadLetterQueue),
		count("retry", `SELECT queue, count(*) FROM retry GROUP BY queue`, func(q string) string { return q + " (retries)" }),
		count("unrouted", `SELECT '', count(*) FROM unrouted`, func(string) string { return events.UnroutedQueue }),
	)
	return kept, err
}

func (s *sqlite) Close() (err error) {
	for _, db := range s.files {
		err = errors.Join(err, db.Close())
	}
	return err
}
