package sqlitestore

import (
	"context"
	"database/sql/driver"
	"fmt"
	"slices"
	"strings"

	"entrepot/persistence"
)

type value = driver.Value

// table is a collection with its prepared statement texts.
type table struct {
	c      *persistence.Collection
	insert string
	// current reads the indexed columns at a version, for writes without Before.
	current string
	indexed []string
	updates map[uint64]string // keyed by the bits of the changed indexed columns; used only by the writer
	exists  string
	load    string
	list    string // SELECT of find up to the WHERE clause
	due     string
	purge   string
}

// Columns that every document has, in the order of the statements' parameters. Every write changes
// the touched columns; the fixed columns, followed by the declared fields, change rarely.
var (
	touched = []string{"version", "updated_at", "sequence", "state", "recent"}
	fixed   = []string{"wake_at", "company_id", "shop_id", "owner_id", "created_at"}
)

func quote(name string) string { return `"` + name + `"` }

func newTable(c *persistence.Collection) *table {
	t := &table{c: c}
	name := quote(c.Name)
	indexed := slices.Clone(fixed)
	for _, f := range c.Fields {
		indexed = append(indexed, quote(f.Name))
	}
	all := append(append([]string{}, touched...), indexed...)
	t.insert = fmt.Sprintf("INSERT INTO %s (%s, id) VALUES (%s?)",
		name, strings.Join(all, ", "), strings.Repeat("?, ", len(all)))
	t.current = fmt.Sprintf("SELECT %s FROM %s WHERE id = ? AND "+atVersion(c), strings.Join(indexed, ", "), name)
	t.indexed, t.updates = indexed, map[uint64]string{}
	t.exists = fmt.Sprintf("SELECT 1 FROM %s WHERE id = ?", name)
	t.load = fmt.Sprintf("SELECT id, %s FROM %s WHERE id = ?", strings.Join(all, ", "), name)
	listed := slices.Clone(all)
	listed[slices.Index(listed, "recent")] = "NULL"
	t.list = fmt.Sprintf("SELECT id, %s FROM %s", strings.Join(listed, ", "), name)
	const due = "wake_at IS NOT NULL AND wake_at <= ? ORDER BY wake_at, id LIMIT ?"
	t.due = fmt.Sprintf("SELECT id, wake_at FROM %s WHERE "+due, name)
	t.purge = fmt.Sprintf("DELETE FROM %s WHERE id IN (SELECT id FROM %s WHERE "+due+") RETURNING id", name, name)
	return t
}

// update returns the statement that sets the touched columns and the indexed columns whose bits are
// set, for a document at a version.
func (t *table) update(changed uint64) string {
	if text, ok := t.updates[changed]; ok {
		return text
	}
	set := slices.Clone(touched)
	for i, c := range t.indexed {
		if changed&(1<<i) != 0 {
			set = append(set, c)
		}
	}
	text := fmt.Sprintf("UPDATE %s SET %s = ? WHERE id = ? AND "+atVersion(t.c),
		quote(t.c.Name), strings.Join(set, " = ?, "))
	t.updates[changed] = text
	return text
}

// column returns the column of a field that queries may use.
func column(field string) string {
	switch field {
	case persistence.CompanyID:
		return "company_id"
	case persistence.ShopID:
		return "shop_id"
	case persistence.OwnerID:
		return "owner_id"
	case persistence.CreatedAt:
		return "created_at"
	case persistence.UpdatedAt:
		return "updated_at"
	default:
		return quote(field)
	}
}

// Ensure creates missing tables, columns and indexes and tests the compare-and-set. A column that
// is added to an existing table is empty in each document until its next write.
func (s *Store) Ensure(ctx context.Context, collections []*persistence.Collection) error {
	for _, c := range collections {
		if err := c.Validate(); err != nil {
			return err
		}
		if err := s.ensureTable(ctx, c); err != nil {
			return fmt.Errorf("sqlitestore: %s: %w", c.Name, err)
		}
	}
	if err := s.ensureTable(ctx, persistence.ProbeCollection); err != nil {
		return err
	}
	id, err := persistence.Probe(ctx, s)
	if err != nil {
		return err
	}
	return s.write(ctx, func(c *conn) error {
		return c.run(ctx, `DELETE FROM persistence_probe WHERE id = ?`, id)
	})
}

func (s *Store) ensureTable(ctx context.Context, c *persistence.Collection) error {
	err := s.write(ctx, func(conn *conn) error {
		if err := conn.run(ctx, createTable(c)); err != nil {
			return err
		}
		if err := addColumns(ctx, conn, c); err != nil {
			return err
		}
		for _, text := range createIndexes(c) {
			if err := conn.run(ctx, text); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		s.tables.Store(c.Name, newTable(c))
	}
	return err
}

func createTable(c *persistence.Collection) string {
	return fmt.Sprintf(`CREATE TABLE IF NOT EXISTS %s (
	id TEXT NOT NULL PRIMARY KEY,
	version INTEGER NOT NULL,
	company_id TEXT, shop_id TEXT, owner_id TEXT,
	created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, -- unix milliseconds
	wake_at INTEGER,
	sequence INTEGER NOT NULL,
	state TEXT,
	recent BLOB)`, quote(c.Name))
}

func addColumns(ctx context.Context, conn *conn, c *persistence.Collection) error {
	have := map[string]bool{}
	err := conn.rows(ctx, "SELECT name FROM pragma_table_info(?)", []value{c.Name}, func(row []value) error {
		have[row[0].(string)] = true
		return nil
	})
	if err != nil {
		return err
	}
	for _, f := range c.Fields {
		if have[f.Name] {
			continue
		}
		kind := "INTEGER"
		if f.Type == persistence.String {
			kind = "TEXT"
		}
		text := fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s %s", quote(c.Name), quote(f.Name), kind)
		if err := conn.run(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

func createIndexes(c *persistence.Collection) []string {
	var texts []string
	add := func(unique, name, where string, columns ...string) {
		name = c.Name + "." + name
		texts = append(texts, fmt.Sprintf("CREATE %sINDEX IF NOT EXISTS %s ON %s (%s)%s",
			unique, quote(name), quote(c.Name), strings.Join(columns, ", "), where))
	}
	add("", "wake_at", " WHERE wake_at IS NOT NULL", "wake_at", "id")
	for _, index := range append([][]string{
		{persistence.CompanyID, persistence.CreatedAt}, {persistence.OwnerID, persistence.CreatedAt},
	}, c.Indexes...) {
		columns := make([]string, len(index), len(index)+1)
		for i, f := range index {
			columns[i] = column(f)
		}
		where := ""
		if columns[0] == "company_id" || columns[0] == "owner_id" || columns[0] == "shop_id" {
			where = " WHERE " + columns[0] + " IS NOT NULL" // implied by any condition on the column
		}
		add("", strings.Join(index, "."), where, append(columns, "id")...)
	}
	for _, f := range c.Fields {
		switch {
		case f.Unique && f.Type == persistence.String:
			add("UNIQUE ", "unique:"+f.Name, fmt.Sprintf(" WHERE %s > ''", quote(f.Name)), quote(f.Name))
		case f.Unique:
			add("UNIQUE ", "unique:"+f.Name, "", quote(f.Name)) // NULLs do not conflict
		}
	}
	return texts
}
