package local

import (
	"context"
	"sync"
	"time"
)

// op is one change of the broker's file.
type op struct {
	run  func(*statements) error // nil: no statements, only sync
	done func(error)             // called after the commit on the writer's goroutine; must not block
	keep bool                    // retry until it is committed or the broker closes
	sync bool                    // save the cursors as well
}

// cursor is a position to save. saved is called when it is durable.
type cursor struct {
	cursorKey
	seq   int64
	saved func(int64)
}

// writer commits the pending changes as one transaction, like persistence.Committer: no timer
// delays a batch. Only cursors wait a little, because losing one merely causes a redelivery.
type writer struct {
	db    *database
	pause time.Duration   // the longest time a cursor waits
	moved func() []cursor // returns the cursors that differ from the file

	mu     sync.Mutex
	queue  []op
	dirty  bool // a cursor has moved
	closed bool
	wake   chan struct{} // capacity 1
	quit   chan struct{}
	ended  chan struct{}
}

func startWriter(db *database, pause time.Duration, moved func() []cursor) *writer {
	w := &writer{
		db: db, pause: pause, moved: moved,
		wake: make(chan struct{}, 1), quit: make(chan struct{}), ended: make(chan struct{}),
	}
	go w.loop()
	return w
}

// submit queues a change. After close, done is called with errClosed.
func (w *writer) submit(o op) {
	w.mu.Lock()
	closed := w.closed
	if !closed {
		w.queue = append(w.queue, o)
	}
	w.mu.Unlock()
	if closed {
		o.done(errClosed)
		return
	}
	signal(w.wake)
}

// do submits a change and waits for its result.
func (w *writer) do(ctx context.Context, o op) error {
	result := make(chan error, 1)
	o.done = func(err error) { result <- err }
	w.submit(o)
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// cursorMoved requests that the cursors be saved within the pause.
func (w *writer) cursorMoved() {
	w.mu.Lock()
	first := !w.dirty
	w.dirty = true
	w.mu.Unlock()
	if first {
		signal(w.wake)
	}
}

// close commits the pending changes and the cursors, and stops.
func (w *writer) close() {
	w.mu.Lock()
	first := !w.closed
	w.closed = true
	w.mu.Unlock()
	if first {
		close(w.quit)
	}
	<-w.ended
}

func (w *writer) loop() {
	defer close(w.ended)
	var save <-chan time.Time // nil: no cursor waits
	for {
		due := false
		select {
		case <-w.wake:
		case <-save:
			save, due = nil, true
		case <-w.quit:
			ops, _ := w.take()
			w.commit(ops, true)
			return
		}
		ops, dirty := w.take()
		if dirty && !due && save == nil {
			save = time.After(w.pause)
		}
		if len(ops) == 0 && !due {
			continue
		}
		if !w.commit(ops, due) { // the file rejects writes: pause before retrying
			select {
			case <-time.After(w.pause):
			case <-w.quit:
			}
		}
	}
}

func (w *writer) take() (ops []op, dirty bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ops, w.queue = w.queue, nil
	return ops, w.dirty
}

// commit writes the changes in one transaction, calls their done functions, and reports success.
func (w *writer) commit(ops []op, cursors bool) bool {
	for i := range ops {
		cursors = cursors || ops[i].sync
	}
	err := w.transaction(ops, cursors)
	var again []op
	for _, o := range ops {
		if err != nil && o.keep {
			again = append(again, o)
		} else {
			o.done(err)
		}
	}
	w.requeue(again)
	return err == nil
}

func (w *writer) requeue(ops []op) {
	if len(ops) == 0 {
		return
	}
	w.mu.Lock()
	closed := w.closed
	if !closed {
		w.queue = append(ops, w.queue...)
	}
	w.mu.Unlock()
	signal(w.wake)
	if closed {
		for _, o := range ops {
			o.done(errClosed)
		}
	}
}

func (w *writer) transaction(ops []op, cursors bool) (err error) {
	ctx := context.Background() // cancelling a transaction half-way would not help
	var moved []cursor
	if cursors {
		w.mu.Lock()
		w.dirty = false
		w.mu.Unlock()
		moved = w.moved()
	}
	if len(ops) == 0 && len(moved) == 0 {
		return nil
	}
	defer func() {
		if err != nil {
			_, _ = w.db.conn.ExecContext(ctx, "ROLLBACK")
			w.cursorMoved()
		}
	}()
	if _, err = w.db.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	for _, o := range ops {
		if o.run == nil {
			continue
		}
		if err = o.run(&w.db.st); err != nil {
			return err
		}
	}
	for _, c := range moved {
		if _, err = w.db.st.saveCursor.Exec(c.queue, c.log, c.seq); err != nil {
			return err
		}
	}
	if _, err = w.db.conn.ExecContext(ctx, "COMMIT"); err != nil {
		return err
	}
	for _, c := range moved {
		c.saved(c.seq)
	}
	return nil
}

// signal wakes the receiver of a channel of capacity 1.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
