// Package sqlitestore implements [persistence.Store] on one SQLite file per service: a table per
// collection, and the event log, which is written in the same transactions. Start reading with
// [Open] and [Store.Commit].
//
// One connection writes. Reads use other connections and never wait for the writer (WAL). Every
// commit is on disk before its results are returned.
package sqlitestore

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"modernc.org/sqlite"

	"entrepot/events"
	"entrepot/persistence"
)

// Options configures a store. Zero values select the defaults.
type Options struct {
	Readers     int           // read connections, default 4
	BusyTimeout time.Duration // waiting for another process's lock, default 2 s
	CacheKiB    int           // page cache of the writer, default 1 MiB
	// LogBytes is the size of the write-ahead log that starts a checkpoint, default
	// 32 MiB. Commits during the checkpoint add to it.
	LogBytes int64
	// Unsafe disables the fsync at each commit, so that a power cut may lose acknowledged writes.
	// For tests only.
	Unsafe bool
}

func (o Options) withDefaults() Options {
	if o.Readers <= 0 {
		o.Readers = 4
	}
	if o.BusyTimeout <= 0 {
		o.BusyTimeout = 2 * time.Second
	}
	if o.CacheKiB <= 0 {
		o.CacheKiB = 1 << 10
	}
	if o.LogBytes <= 0 {
		o.LogBytes = 32 << 20
	}
	return o
}

// readerCache is small, 256 KiB: each commit makes a reader's pages void, and the
// system keeps the file in memory anyway.
const readerCache = "cache_size=-256"

// Store is one database file. See [persistence.Store] for its promises.
type Store struct {
	path string
	o    Options
	log  eventLog

	readers *pool
	// writing is a semaphore that guards writer, so that waiting can end with a context.
	writing chan struct{}
	writer  *conn               // nil after a failure; the next commit reopens it
	args    []driver.NamedValue // buffer of the writer, reused

	tables sync.Map // collection name → *table

	checkpoints checkpointer

	mu     sync.Mutex // guards closed and calls.Add against Close
	closed bool
	calls  sync.WaitGroup
}

// Open opens the database file at path, creating it and its directory if necessary.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, err
	}
	// A switch of the whole process: commits sync data and file sizes but no timestamps, which cost a write
	// to the journal of the file system. Platforms without fdatasync keep fsync.
	if _, err := sqlite.Fdatasync(true); err != nil && !errors.Is(err, sqlite.ErrFdatasyncUnavailable) {
		return nil, err
	}
	s := &Store{path: path, o: o.withDefaults(), writing: make(chan struct{}, 1)}
	s.log.store = s
	s.readers = newPool(s.o.Readers, func(ctx context.Context) (*conn, error) {
		return open(ctx, path, s.o.BusyTimeout, "query_only=1", readerCache)
	})
	if s.writer, err = s.openWriter(ctx); err != nil {
		return nil, fmt.Errorf("sqlitestore: %s: %w", path, err)
	}
	for _, text := range []string{logSchema} {
		if err := s.writer.run(ctx, text); err != nil {
			return nil, errors.Join(fmt.Errorf("sqlitestore: %s: %w", path, err), s.writer.close())
		}
	}
	if err := s.checkpoints.start(s); err != nil {
		return nil, errors.Join(fmt.Errorf("sqlitestore: %s: %w", path, err), s.writer.close())
	}
	return s, nil
}

func (s *Store) openWriter(ctx context.Context) (*conn, error) {
	synchronous := "synchronous=FULL"
	if s.o.Unsafe {
		synchronous = "synchronous=OFF"
	}
	return open(ctx, s.path, s.o.BusyTimeout,
		"page_size=8192", // for a new file; halves the frames in the log for a batch's scattered rows
		"journal_mode=WAL", synchronous,
		"wal_autocheckpoint=0", // checkpoints run beside the writes
		fmt.Sprintf("journal_size_limit=%d", s.o.LogBytes),
		fmt.Sprintf("cache_size=-%d", s.o.CacheKiB),
		"cache_spill=2048") // pages (16 MiB) of one transaction: any batch; written early they would be written twice
}

var errClosed = fmt.Errorf("%w: the database is closed", persistence.ErrNotExecuted)

// enter registers a call that Close waits for; leave ends it.
func (s *Store) enter() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	s.calls.Add(1)
	return nil
}

func (s *Store) leave() { s.calls.Done() }

// read calls f with a read connection.
func (s *Store) read(ctx context.Context, f func(*conn) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	return s.readers.with(ctx, f)
}

// write calls f with the writing connection, waiting for it until the context ends.
func (s *Store) write(ctx context.Context, f func(*conn) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	select {
	case s.writing <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-s.writing }()
	if err := s.needWriter(ctx); err != nil {
		return err
	}
	return f(s.writer)
}

// needWriter reopens the writing connection after a failure. The caller holds writing.
func (s *Store) needWriter(ctx context.Context) (err error) {
	if s.writer == nil {
		s.writer, err = s.openWriter(ctx)
	}
	return err
}

// dropWriter closes a connection whose state is uncertain.
func (s *Store) dropWriter() {
	if s.writer != nil {
		_ = s.writer.close() // the connection has failed already
		s.writer = nil
	}
}

// Marshal encodes a state as JSON.
func (s *Store) Marshal(v any) ([]byte, error) { return json.Marshal(v) }

// FromJSON returns text unchanged, because states are stored as JSON.
func (s *Store) FromJSON(text []byte) ([]byte, error) { return text, nil }

// Unmarshal decodes a state from JSON.
func (s *Store) Unmarshal(data []byte, v any) error { return json.Unmarshal(data, v) }

// Log returns the log of events, which is written together with the documents.
func (s *Store) Log() events.Log { return &s.log }

// Ping reads from the database.
func (s *Store) Ping(ctx context.Context) error {
	return s.read(ctx, func(c *conn) error {
		return c.rows(ctx, "SELECT count(*) FROM sqlite_schema", nil, func([]value) error { return nil })
	})
}

// Close waits for running calls and for the last checkpoint. Repeated calls are harmless.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	s.calls.Wait()
	s.checkpoints.stop()
	err := s.readers.close()
	if s.writer != nil {
		err = errors.Join(err, s.writer.close())
	}
	return errors.Join(err, s.checkpoints.close())
}
