package sqlitestore

import (
	"context"
	"database/sql/driver"
	"fmt"
	"time"

	"entrepot"
	"entrepot/persistence"
)

// text returns the column value of an id. An empty id is NULL, which partial indexes omit.
func text(id entrepot.ID) value {
	if id == "" {
		return nil
	}
	return id
}

// toColumn returns the column value of a declared field.
func toColumn(v any) value {
	switch v := v.(type) {
	case time.Time:
		return v.UnixMilli()
	case bool:
		if v {
			return int64(1)
		}
		return int64(0)
	default:
		return v
	}
}

func wakeAt(t time.Time) value {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

// appendTouched appends the document's values of the touched columns in their order, appendIndexed
// those of the fixed columns and the declared fields.
func appendTouched(args []driver.NamedValue, d *persistence.Document) []driver.NamedValue {
	var recent value
	if d.Recent != nil {
		recent = d.Recent
	}
	return appendArgs(args, d.Version, d.UpdatedAt.UnixMilli(), d.Sequence, string(d.State), recent)
}

func appendIndexed(args []driver.NamedValue, c *persistence.Collection, d *persistence.Document) []driver.NamedValue {
	args = appendArgs(args,
		wakeAt(d.WakeAt), text(d.CompanyID), text(d.ShopID), text(d.OwnerID), d.CreatedAt.UnixMilli())
	for i := range c.Fields {
		var v any
		if i < len(d.Fields) {
			v = d.Fields[i]
		}
		args = appendArgs(args, toColumn(v))
	}
	return args
}

func appendArgs(args []driver.NamedValue, values ...value) []driver.NamedValue {
	for _, v := range values {
		args = append(args, driver.NamedValue{Ordinal: len(args) + 1, Value: v})
	}
	return args
}

// scan decodes a row of the load and list statements.
func (t *table) scan(row []value) (persistence.Document, error) {
	r := rowReader{row: row}
	d := persistence.Document{ID: r.text()}
	d.Version, d.UpdatedAt, d.Sequence, d.State = r.int(), r.time(), r.int(), []byte(r.text())
	d.Recent = r.blob()
	d.WakeAt = r.time()
	d.CompanyID, d.ShopID, d.OwnerID = r.text(), r.text(), r.text()
	d.CreatedAt = r.time()
	d.Fields = make([]any, len(t.c.Fields))
	for i, f := range t.c.Fields {
		d.Fields[i] = r.field(f.Type)
	}
	if r.err != nil {
		return d, fmt.Errorf("sqlitestore: %s %s: %w", t.c.Name, d.ID, r.err)
	}
	return d, nil
}

// rowReader reads a row's values one after the other. NULL becomes the zero value.
type rowReader struct {
	row []value
	err error
}

func next[T any](r *rowReader) (v T, ok bool) {
	x := r.row[0]
	r.row = r.row[1:]
	if x == nil {
		return v, false
	}
	if v, ok = x.(T); !ok {
		r.err = fmt.Errorf("a column holds a value of type %T, want %T", x, v)
	}
	return v, ok
}

func (r *rowReader) text() string { v, _ := next[string](r); return v }
func (r *rowReader) int() int64   { v, _ := next[int64](r); return v }
func (r *rowReader) blob() []byte { v, _ := next[[]byte](r); return v }

func (r *rowReader) time() time.Time {
	n, ok := next[int64](r)
	if !ok {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}

func (r *rowReader) field(kind persistence.FieldType) any {
	if kind == persistence.String {
		if v, ok := next[string](r); ok {
			return v
		}
		return nil
	}
	n, ok := next[int64](r)
	switch {
	case !ok:
		return nil
	case kind == persistence.Bool:
		return n != 0
	case kind == persistence.Time:
		return time.UnixMilli(n).UTC()
	default:
		return n
	}
}

// table returns the statements of a collection that has been ensured.
func (s *Store) table(c *persistence.Collection) (*table, error) {
	if t, ok := s.tables.Load(c.Name); ok {
		return t.(*table), nil
	}
	return nil, fmt.Errorf("sqlitestore: collection %s was not ensured", c.Name)
}

// Load returns one document, or ErrNotFound.
func (s *Store) Load(ctx context.Context, c *persistence.Collection, id entrepot.ID) (*persistence.Document, error) {
	t, err := s.table(c)
	if err != nil {
		return nil, err
	}
	var found *persistence.Document
	err = s.read(ctx, func(conn *conn) error {
		return conn.rows(ctx, t.load, []value{id}, func(row []value) error {
			d, err := t.scan(row)
			found = &d
			return err
		})
	})
	switch {
	case err != nil:
		return nil, err
	case found == nil:
		return nil, persistence.ErrNotFound
	}
	return found, nil
}

// Due returns documents whose wakeAt has passed.
func (s *Store) Due(
	ctx context.Context, c *persistence.Collection, now time.Time, limit int,
) ([]persistence.Due, error) {
	t, err := s.table(c)
	if err != nil {
		return nil, err
	}
	var due []persistence.Due
	err = s.read(ctx, func(conn *conn) error {
		return conn.rows(ctx, t.due, []value{now.UnixMilli(), int64(limit)}, func(row []value) error {
			r := rowReader{row: row}
			due = append(due, persistence.Due{ID: r.text(), WakeAt: r.time()})
			return r.err
		})
	})
	return due, err
}

// Purge deletes documents whose wakeAt has passed and returns their number.
func (s *Store) Purge(
	ctx context.Context, c *persistence.Collection, now time.Time, limit int,
) (n int, err error) {
	t, err := s.table(c)
	if err != nil {
		return 0, err
	}
	due, err := s.Due(ctx, c, now, limit) // usually none, and then no write is delayed
	if err != nil || len(due) == 0 {
		return 0, err
	}
	err = s.write(ctx, func(conn *conn) error {
		n = 0
		return conn.rows(ctx, t.purge, []value{now.UnixMilli(), int64(limit)}, func([]value) error {
			n++
			return nil
		})
	})
	return n, err
}
