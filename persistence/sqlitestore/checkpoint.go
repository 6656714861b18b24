package sqlitestore

import (
	"context"
	"sync/atomic"
)

// checkpointer moves the write-ahead log's pages into the database on a
// connection and goroutine of its own. SQLite would do it inside a commit, and
// hold that up for the whole of it.
//
// First it copies beside running commits; as these go on adding pages it would
// never be done and the log never begin anew, so it then copies the short rest
// with the writer held.
type checkpointer struct {
	store   *Store
	pages   atomic.Int64 // written since the last one, about
	wake    chan struct{}
	cancel  context.CancelFunc
	stopped chan struct{}
}

func (p *checkpointer) start(s *Store) {
	var ctx context.Context
	ctx, p.cancel = context.WithCancel(context.Background())
	p.store, p.wake, p.stopped = s, make(chan struct{}, 1), make(chan struct{})
	go p.run(ctx)
}

// stop waits for the running checkpoint. The last connection's close does the rest.
func (p *checkpointer) stop() {
	p.cancel()
	<-p.stopped
}

// wrote counts pages and wakes the checkpointer when there are enough.
func (p *checkpointer) wrote(pages int) {
	if p.pages.Add(int64(pages)) < int64(p.store.o.CheckpointPages) {
		return
	}
	select {
	case p.wake <- struct{}{}:
	default:
	}
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
		p.pages.Store(0)
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
	const copyPages = "PRAGMA wal_checkpoint(PASSIVE)"
	for range 2 { // the second time what was added during the first, which is less
		if err := c.run(ctx, copyPages); err != nil {
			return err
		}
	}
	select {
	case p.store.writing <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-p.store.writing }()
	return c.run(ctx, copyPages)
}

func (s *Store) openCheckpointer(ctx context.Context) (*conn, error) {
	synchronous := "synchronous=FULL"
	if s.o.Unsafe {
		synchronous = "synchronous=OFF"
	}
	return open(ctx, s.path, s.o.BusyTimeout, synchronous)
}
