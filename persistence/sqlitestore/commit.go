package sqlitestore

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	lib "modernc.org/sqlite/lib"

	"entrepot/persistence"
)

// job is one write with what was made ready for it outside the transaction.
type job struct {
	w      *persistence.Write
	t      *table
	events []logRow
	err    error
}

// phase says who decides about a transaction that its caller may leave.
const (
	writing    = iota // may still be left: it will roll back
	committing        // too late to leave: it may land
	left              // the caller has gone, nothing may be committed
)

// transaction is one batch on its way.
type transaction struct {
	s      *Store
	jobs   []job
	phase  atomic.Int32
	done   chan struct{}
	args   []driver.NamedValue
	before []driver.NamedValue // of the document being written
	last   int64               // row id of the last insert
}

// Commit writes the batch in one transaction. When the context ends meanwhile
// the answer is ErrNotExecuted if the transaction had not begun to commit and
// ErrUnknown if it had; the bytes of the batch may then still be read for a moment.
func (s *Store) Commit(ctx context.Context, batch []persistence.Write) []error {
	tx := &transaction{s: s, jobs: make([]job, len(batch)), done: make(chan struct{})}
	for i := range batch {
		tx.jobs[i] = s.prepare(&batch[i])
	}
	if err := s.enter(); err != nil {
		return tx.all(err)
	}
	select {
	case s.writing <- struct{}{}:
	case <-ctx.Done():
		s.leave()
		return tx.all(fmt.Errorf("%w: %w", persistence.ErrNotExecuted, ctx.Err()))
	}
	go func() {
		defer s.leave()
		defer func() { <-s.writing }()
		defer close(tx.done)
		tx.run(ctx)
	}()
	select {
	case <-tx.done:
	case <-ctx.Done():
		switch {
		case tx.phase.CompareAndSwap(writing, left):
			return tx.all(fmt.Errorf("%w: %w", persistence.ErrNotExecuted, ctx.Err()))
		default:
			return tx.all(fmt.Errorf("%w: %w", persistence.ErrUnknown, ctx.Err()))
		}
	}
	results := make([]error, len(batch))
	for i := range tx.jobs {
		results[i] = tx.jobs[i].err
	}
	return results
}

// prepare does outside the transaction what can be done there.
func (s *Store) prepare(w *persistence.Write) job {
	j := job{w: w, err: w.Check()}
	if j.err != nil {
		return j
	}
	if j.t, j.err = s.table(w.Collection); j.err != nil {
		j.err = fmt.Errorf("%w: %w", persistence.ErrNotExecuted, j.err)
		return j
	}
	for i := range w.Events {
		body, err := json.Marshal(&w.Events[i])
		if err != nil {
			j.err = fmt.Errorf("%w: event %s: %w", persistence.ErrNotExecuted, w.Events[i].ID, err)
			return j
		}
		j.events = append(j.events, logRow{&w.Events[i], body})
	}
	return j
}

// all is the same result for every write.
func (tx *transaction) all(err error) []error {
	results := make([]error, len(tx.jobs))
	for i := range results {
		results[i] = err
	}
	return results
}

var errLeft = errors.New("its caller has gone")

// run executes the transaction and leaves each job its result. The caller holds
// s.writing. The statements get no context, so that none of them starts a
// goroutine: each is short, and between them the phase tells whether to stop.
func (tx *transaction) run(ctx context.Context) {
	if err := tx.s.needWriter(ctx); err != nil {
		tx.doom(persistence.ErrNotExecuted, err)
		return
	}
	tx.args = tx.s.args
	if err := tx.exec("BEGIN IMMEDIATE"); err != nil {
		if !is(err, lib.SQLITE_BUSY) {
			tx.s.dropWriter()
		}
		tx.doom(persistence.ErrNotExecuted, err)
		return
	}
	rows, err := tx.writeAll()
	if err == nil && !tx.phase.CompareAndSwap(writing, committing) {
		err = errLeft
	}
	if err != nil {
		tx.rollback()
		tx.doom(persistence.ErrNotExecuted, err)
		return
	}
	if err := tx.exec("COMMIT"); err != nil {
		tx.rollback()
		// Busy and full are found before the commit's last frame is whole;
		// after an input/output error it may be on the disk.
		if is(err, lib.SQLITE_BUSY) || is(err, lib.SQLITE_FULL) {
			tx.doom(persistence.ErrNotExecuted, err)
		} else {
			tx.doom(persistence.ErrUnknown, err)
			tx.s.log.tail.forget()
			tx.s.dropWriter()
		}
		return
	}
	clear(tx.args[:cap(tx.args)]) // holds on to nothing
	tx.s.args = tx.args[:0]
	if len(rows) > 0 {
		tx.s.log.tail.add(rows, tx.last)
		tx.s.log.signals.Notify()
	}
	tx.s.checkpoints.wrote()
}

// doom gives every write the outcome of its transaction. A lost race stays one;
// a duplicate may be of a value that this very batch was to write, and only is
// not executed.
func (tx *transaction) doom(outcome, cause error) {
	for i := range tx.jobs {
		j := &tx.jobs[i]
		var dup *persistence.DuplicateError
		switch {
		case j.err == nil:
			j.err = fmt.Errorf("%w: %w", outcome, cause)
		case errors.As(j.err, &dup):
			j.err = fmt.Errorf("%w: %w", persistence.ErrNotExecuted, cause)
		}
	}
}

// rollback ends the transaction; SQLite may have ended it already.
func (tx *transaction) rollback() {
	if err := tx.exec("ROLLBACK"); err != nil && !strings.Contains(err.Error(), "no transaction is active") {
		tx.s.dropWriter()
	}
}

func (tx *transaction) exec(text string) error {
	_, err := tx.affected(text)
	return err
}

// affected executes a statement with tx.args and counts the rows it changed.
func (tx *transaction) affected(text string) (int64, error) {
	c := tx.s.writer
	s, err := c.prepare(context.Background(), text)
	if err != nil {
		return 0, err
	}
	r, err := s.exec.ExecContext(context.Background(), tx.args)
	if err != nil {
		return 0, err
	}
	if tx.last, err = r.LastInsertId(); err != nil {
		return 0, err
	}
	return r.RowsAffected()
}
