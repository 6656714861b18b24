package persistence

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Names of the fields that every document has and that queries may use besides a collection's own
// Fields.
const (
	CompanyID = "companyId"
	ShopID    = "shopId"
	OwnerID   = "ownerId"
	CreatedAt = "createdAt"
	UpdatedAt = "updatedAt" // time of the last write
)

var (
	namePattern = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]{0,62}$`)

	// reservedFields are the columns and keys that every document has in one of the stores.
	reservedFields = []string{
		"id", "version", "companyid", "company_id", "shopid", "shop_id", "ownerid", "owner_id",
		"createdat", "created_at", "updatedat", "updated_at", "wakeat", "wake_at", "sequence",
		"state", "recent", "outbox",
	}
	// reservedCollections are the tables that stores create for themselves.
	reservedCollections = []string{"events", "persistence_probe"}
)

// Validate returns an error if no store can keep the collection: an invalid name or type, or an
// index of an undeclared field. Such an error is a programming error.
func (c *Collection) Validate() error {
	if !namePattern.MatchString(c.Name) || slices.Contains(reservedCollections, strings.ToLower(c.Name)) ||
		strings.HasPrefix(strings.ToLower(c.Name), "sqlite_") {
		return fmt.Errorf("persistence: %q is not a valid collection name", c.Name)
	}
	seen := map[string]bool{}
	for _, f := range c.Fields {
		name := strings.ToLower(f.Name)
		if !namePattern.MatchString(f.Name) || slices.Contains(reservedFields, name) || seen[name] {
			return fmt.Errorf("persistence: %s: %q is not a valid field name", c.Name, f.Name)
		}
		if f.Type < String || f.Type > Time {
			return fmt.Errorf("persistence: %s: field %q has an unknown type", c.Name, f.Name)
		}
		seen[name] = true
	}
	for _, index := range c.Indexes {
		for _, name := range index {
			if _, ok := c.TypeOf(name); !ok {
				return fmt.Errorf("persistence: %s: index on undeclared field %q", c.Name, name)
			}
		}
	}
	return nil
}

// TypeOf returns the type of a field that queries may use; false if there is no such field.
func (c *Collection) TypeOf(field string) (FieldType, bool) {
	switch field {
	case CompanyID, ShopID, OwnerID:
		return String, true
	case CreatedAt, UpdatedAt:
		return Time, true
	}
	for i := range c.Fields {
		if c.Fields[i].Name == field {
			return c.Fields[i].Type, true
		}
	}
	return 0, false
}

// Value returns the document's value of a field that queries may use; nil if it has none.
func (d *Document) Value(c *Collection, field string) any {
	text := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	switch field {
	case CompanyID:
		return text(d.CompanyID)
	case ShopID:
		return text(d.ShopID)
	case OwnerID:
		return text(d.OwnerID)
	case CreatedAt:
		return d.CreatedAt
	case UpdatedAt:
		return d.UpdatedAt
	}
	for i := range c.Fields {
		if c.Fields[i].Name == field && i < len(d.Fields) {
			return d.Fields[i]
		}
	}
	return nil
}

// Check returns an error that wraps [ErrNotExecuted] if no store can execute the write, which is a
// programming error.
func (w *Write) Check() error {
	c, d := w.Collection, &w.Doc
	switch {
	case c == nil:
		return fmt.Errorf("%w: the write has no collection", ErrNotExecuted)
	case d.ID == "" || d.Version < 1:
		return fmt.Errorf("%w: %s: want an id and a version of at least 1, got %q and %d",
			ErrNotExecuted, c.Name, d.ID, d.Version)
	case len(d.Fields) > len(c.Fields):
		return fmt.Errorf("%w: %s has %d fields, the document %d",
			ErrNotExecuted, c.Name, len(c.Fields), len(d.Fields))
	}
	for i, v := range d.Fields {
		if v != nil && !c.Fields[i].Type.holds(v) {
			return fmt.Errorf("%w: %s.%s cannot hold a %T", ErrNotExecuted, c.Name, c.Fields[i].Name, v)
		}
	}
	return nil
}

// holds reports whether v has the Go type of the field type.
func (t FieldType) holds(v any) bool {
	ok := false
	switch t {
	case String:
		_, ok = v.(string)
	case Int:
		_, ok = v.(int64)
	case Bool:
		_, ok = v.(bool)
	case Time:
		_, ok = v.(time.Time)
	}
	return ok
}

// Millis returns t as stores keep it: in UTC and whole milliseconds. The zero time stays zero.
func Millis(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.UnixMilli(t.UnixMilli()).UTC()
}
