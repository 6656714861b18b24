package sqlitestore

import (
	"context"
	"database/sql/driver"
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
	return tx.update(j)
}

// update writes what always changes, and those of the queryable columns that do:
// SQLite moves an index entry for every column that a statement names, changed or not.
func (tx *transaction) update(j *job) (result, err error) {
	d, first := &j.w.Doc, len(touched)
	indexed := tx.args[first:]
	before := tx.before[:0]
	if j.w.Before != nil {
		before = appendIndexed(before, j.w.Collection, j.w.Before)
	} else if before, err = tx.current(before, j); err != nil {
		return nil, err
	}
	tx.before = before
	if len(before) == 0 {
		return persistence.ErrStale, nil
	}
	changed, kept := uint64(0), tx.args[:first]
	for i := range indexed {
		if v := indexed[i].Value; v != before[i].Value {
			changed |= 1 << i
			kept = appendArgs(kept, v)
		}
	}
	tx.args = appendArgs(kept, d.ID, d.Version-1)
	n, err := tx.affected(j.t.update(changed))
	if err == nil && n == 0 {
		return persistence.ErrStale, nil
	}
	return tx.explain(j, err)
}

// current appends the queryable columns of the document at the expected version; nothing when it is not.
func (tx *transaction) current(to []driver.NamedValue, j *job) ([]driver.NamedValue, error) {
	err := tx.s.writer.rows(context.Background(), j.t.current, []value{j.w.Doc.ID, j.w.Doc.Version - 1}, func(row []value) error {
		to = appendArgs(to, row...)
		return nil
	})
	return to, err
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
