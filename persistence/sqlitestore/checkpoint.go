package sqlitestore

import (
	"context"
	"os"
	"sync/atomic"
	"time"
)

// checkpointer moves the write-ahead log's pages into the database on a
// connection and goroutine of its own, when the log has grown beyond its bound.
// SQLite would do it inside a commit, and hold that up for the whole of it.
//
// First it copies and syncs beside running commits; as these go on adding pages
// it would never be done and the log never begin anew, so it then copies the
// short rest with the writer held.
type checkpointer struct {
	store   *Store
	file    *os.File     // the database, to sync it
	due     atomic.Int64 // the log's size in bytes that starts the next checkpoint
	wake    chan struct{}
	cancel  context.CancelFunc
	stopped chan struct{}
}

// turn is held by the store that is at its checkpoint: databases that synced
// their pages at the same time would keep every commit of the process waiting
// for the disk.
var turn = make(chan struct{}, 1)

// resetWait is how long a checkpoint keeps the writer waiting for reads that
// began before it. SQLite begins the log anew only while no read needs it.
const resetWait = 20 * time.Millisecond

func (p *checkpointer) start(s *Store) (err error) {
	if p.file, err = os.OpenFile(s.path, os.O_RDWR, 0); err != nil {
		return err
	}
	var ctx context.Context
	ctx, p.cancel = context.WithCancel(context.Background())
	p.store, p.wake, p.stopped = s, make(chan struct{}, 1), make(chan struct{})
	p.due.Store(s.o.LogBytes)
	go p.run(ctx)
	return nil
}

// stop waits for the running checkpoint. The last connection's close does the rest.
func (p *checkpointer) stop() {
	p.cancel()
	<-p.stopped
}

// close gives the file back. It comes after the last connection's close: the end
// of any handle of a file takes the process's locks off it (fcntl(2)).
func (p *checkpointer) close() error { return p.file.Close() }

// wrote wakes the checkpointer when the log has outgrown its bound. Below it the
// file's size does not change: a log that begins anew overwrites it from the
// start, and SQLite cuts a longer file back to journal_size_limit.
func (p *checkpointer) wrote() {
	if p.logSize() <= p.due.Load() {
		return
	}
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// logSize is the size of the log's file in bytes.
func (p *checkpointer) logSize() int64 {
	f, err := os.Stat(p.store.path + "-wal")
	if err != nil {
		return 0 // nothing was written yet
	}
	return f.Size()
}

func (p *checkpointer) run(ctx context.Context) {
	defer close(p.stopped)
	var c *conn
	defer func() {
		if c != nil {
			_ = c.close()
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.wake:
		}
		var err error
		if c == nil {
			if c, err = p.store.openCheckpointer(ctx); err != nil {
				c = nil
				continue // the next commits wake it again
			}
		}
		if p.once(ctx, c) != nil {
			_ = c.close()
			c = nil
		}
	}
}

// once does one checkpoint.
func (p *checkpointer) once(ctx context.Context, c *conn) error {
	if err := hold(ctx, turn); err != nil {
		return err
	}
	defer func() { <-turn }()
	for range 2 { // the second time what was added during the first, which is less
		if _, err := c.checkpoint(ctx, "PASSIVE"); err != nil {
			return err
		}
		if err := p.sync(); err != nil {
			return err
		}
	}
	if err := hold(ctx, p.store.writing); err != nil {
		return err
	}
	defer func() { <-p.store.writing }()
	busy, err := c.checkpoint(ctx, "RESTART")
	due := p.store.o.LogBytes
	if busy { // a read takes long: tried again, but not after every commit
		due = p.logSize() + due/4
	}
	p.due.Store(due)
	select {
	case <-p.wake: // by a commit from before
	default:
	}
	return err
}

// hold takes a semaphore.
func hold(ctx context.Context, s chan struct{}) error {
	select {
	case s <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// sync brings copied pages to the disk. SQLite syncs them only when no frame was
// added meanwhile, so under load all of them with the writer held.
func (p *checkpointer) sync() error {
	if p.store.o.Unsafe {
		return nil
	}
	return p.file.Sync()
}

// checkpoint copies pages in the given mode. After a RESTART that was not kept
// busy by a read the next commit begins the log anew.
func (c *conn) checkpoint(ctx context.Context, mode string) (busy bool, err error) {
	err = c.rows(ctx, "PRAGMA wal_checkpoint("+mode+")", nil, func(row []value) error {
		r := rowReader{row: row}
		busy = r.int() != 0
		return r.err
	})
	return busy, err
}

func (s *Store) openCheckpointer(ctx context.Context) (*conn, error) {
	synchronous := "synchronous=FULL"
	if s.o.Unsafe {
		synchronous = "synchronous=OFF"
	}
	return open(ctx, s.path, resetWait, synchronous)
}
