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

// writeAll writes the documents one by one and then appends the events of the successful writes.
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
		if j.err == nil {
			rows = append(rows, j.events...)
		}
	}
	return rows, tx.append(rows)
}

// logRow is an event to append to the log.
type logRow struct {
	event *events.Envelope
	body  []byte
}

// chunk is the number of events that one statement inserts.
const chunk = 16

var (
	appendOne  = "INSERT INTO events (type, body) VALUES (?, ?)"
	appendMany = appendOne + strings.Repeat(", (?, ?)", chunk-1)
)

// append adds rows to the log in order.
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

// writeOne executes one compare-and-set. result concerns only this write; err fails the batch.
func (tx *transaction) writeOne(j *job) (result, err error) {
	c, d := j.w.Collection, &j.w.Doc
	tx.args = appendIndexed(appendTouched(tx.args[:0], d), c, d)
	if d.Version == 1 {
		tx.args = appendArgs(tx.args, d.ID)
		return tx.explain(j, tx.exec(j.t.insert))
	}
	return tx.update(j)
}

// update sets the touched columns and only those indexed columns that change, because SQLite
// rewrites an index entry for every column that a statement names, whether or not it changes.
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

// current appends the indexed columns of the document at the expected version, or nothing if the
// document has another version.
func (tx *transaction) current(to []driver.NamedValue, j *job) ([]driver.NamedValue, error) {
	key := []value{j.w.Doc.ID, j.w.Doc.Version - 1}
	err := tx.s.writer.rows(context.Background(), j.t.current, key, func(row []value) error {
		to = appendArgs(to, row...)
		return nil
	})
	return to, err
}

// explain divides a statement's error into the write's own result and an error that fails the whole
// transaction.
func (tx *transaction) explain(j *job, err error) (result, fatal error) {
	switch {
	case err == nil:
		return nil, nil
	case is(err, lib.SQLITE_TOOBIG):
		return fmt.Errorf("%w: %w", persistence.ErrNotExecuted, err), nil
	case !is(err, lib.SQLITE_CONSTRAINT):
		return nil, err
	}
	// An existing id means a lost race, even if another field conflicts as well.
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
	// "… UNIQUE constraint failed: table.column (2067)". The column may have been declared unique
	// only by an earlier version.
	if _, rest, ok := strings.Cut(err.Error(), "UNIQUE constraint failed: "+j.t.c.Name+"."); ok {
		field, _, _ := strings.Cut(rest, " ")
		return &persistence.DuplicateError{Field: field}, nil
	}
	return fmt.Errorf("%w: %w", persistence.ErrNotExecuted, err), nil
}

// is reports whether err is a SQLite error with the given primary result code.
func is(err error, code int) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == code
}
