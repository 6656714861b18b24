package sqlitestore

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"entrepot/events"
	"entrepot/persistence"
)

// writeAll writes the documents one by one, then the events of those that were
// written.
func (tx *transaction) writeAll() (rows []logRow, err error) {
	for i := range tx.jobs {
		j := &tx.jobs[i]
		if j.err != nil {
			continue
		}
		if tx.phase.Load() == left {
			return nil, errLeft
		}
		if j.err, err = tx.writeOne(j); err != nil {
			return nil, err
		}
		tx.written += 1 + len(j.w.Doc.State)/4096
		if j.err == nil {
			rows = append(rows, j.events...)
		}
	}
	return rows, tx.append(rows)
}

// logRow is an event on its way to the log.
type logRow struct {
	event *events.Envelope
	body  []byte
}

// chunk is how many events one statement inserts.
const chunk = 16

var (
	appendOne  = "INSERT INTO events (type, body) VALUES (?, ?)"
	appendMany = appendOne + strings.Repeat(", (?, ?)", chunk-1)
)

// append adds rows to the log in their order.
func (tx *transaction) append(rows []logRow) error {
	for len(rows) > 0 {
		n, text := 1, appendOne
		if len(rows) >= chunk {
			n, text = chunk, appendMany
		}
		tx.args = tx.args[:0]
		for _, r := range rows[:n] {
			tx.args = appendArgs(tx.args, r.event.Type, string(r.body))
		}
		if err := tx.exec(text); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// writeOne does one compare-and-set. result is the write's own, err dooms the batch.
func (tx *transaction) writeOne(j *job) (result, err error) {
	c, d := j.w.Collection, &j.w.Doc
	tx.args = appendIndexed(appendTouched(tx.args[:0], d), c, d)
	if d.Version == 1 {
		tx.args = appendArgs(tx.args, d.ID)
		return tx.explain(j, tx.exec(j.t.insert))
	}
	tx.args = appendArgs(tx.args, d.ID, d.Version-1)
	wakes := j.t.wakes.Load()
	for range 2 {
		text := j.t.touch
		if wakes {
			text = j.t.touchWake
		}
		n, err := tx.affected(text)
		if err != nil {
			return tx.explain(j, err)
		}
		if n == 1 {
			j.t.wakes.Store(wakes)
			return nil, nil
		}
		wakes = !wakes
	}
	return tx.update(j)
}

// update writes a document some of whose queryable columns change, after touch
// missed; tx.args is touch's.
func (tx *transaction) update(j *job) (result, err error) {
	d, first := &j.w.Doc, len(touched)
	args := tx.args
	set, found := touched, false
	tx.args = append(args[len(args):], args[:first]...)
	err = tx.s.writer.rows(context.Background(), j.t.current, []value{d.ID, d.Version - 1}, func(row []value) error {
		found = true
		for i, old := range row {
			if v := args[first+i].Value; v != old {
				set = append(set[:len(set):len(set)], j.t.indexed[i])
				tx.args = appendArgs(tx.args, v)
			}
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case !found:
		return persistence.ErrStale, nil
	}
	tx.args = appendArgs(tx.args, d.ID)
	text := "UPDATE " + quote(j.t.c.Name) + " SET " + strings.Join(set, " = ?, ") + " = ? WHERE id = ?"
	return tx.explain(j, tx.exec(text))
}

// explain sorts a statement's error into the write's own result and what dooms
// the whole transaction.
func (tx *transaction) explain(j *job, err error) (result, doom error) {
	switch {
	case err == nil:
		return nil, nil
	case is(err, lib.SQLITE_TOOBIG):
		return fmt.Errorf("%w: %w", persistence.ErrNotExecuted, err), nil
	case !is(err, lib.SQLITE_CONSTRAINT):
		return nil, err
	}
	// An existing id is a lost race even when another field clashes as well.
	if j.w.Doc.Version == 1 {
		found := false
		e := tx.s.writer.rows(context.Background(), j.t.exists, []value{j.w.Doc.ID}, func([]value) error {
			found = true
			return nil
		})
		if e != nil {
			return nil, e
		}
		if found {
			return persistence.ErrStale, nil
		}
	}
	// "… UNIQUE constraint failed: table.column (2067)". The column may be one that
	// was declared unique by an earlier version only.
	if _, rest, ok := strings.Cut(err.Error(), "UNIQUE constraint failed: "+j.t.c.Name+"."); ok {
		field, _, _ := strings.Cut(rest, " ")
		return &persistence.DuplicateError{Field: field}, nil
	}
	return fmt.Errorf("%w: %w", persistence.ErrNotExecuted, err), nil
}

// is reports whether err is SQLite's with the primary result code.
func is(err error, code int) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == code
}
