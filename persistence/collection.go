package persistence

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Names that a query may use besides a collection's own Fields.
const (
	CompanyID = "companyId"
	ShopID    = "shopId"
	OwnerID   = "ownerId"
	CreatedAt = "createdAt"
	UpdatedAt = "updatedAt" // of the last write
)

var (
	namePattern = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]{0,62}$`)

	// reservedFields are what every document has, as one store or the other spells it.
	reservedFields = []string{
		"id", "version", "companyid", "company_id", "shopid", "shop_id", "ownerid", "owner_id",
		"createdat", "created_at", "updatedat", "updated_at", "wakeat", "wake_at", "sequence",
		"state", "recent", "outbox",
	}
	// reservedCollections are a store's own tables.
	reservedCollections = []string{"events", "persistence_probe"}
)

// Validate reports a declaration that no store can keep: a defect of the program.
func (c *Collection) Validate() error {
	if !namePattern.MatchString(c.Name) || slices.Contains(reservedCollections, strings.ToLower(c.Name)) ||
		strings.HasPrefix(strings.ToLower(c.Name), "sqlite_") {
		return fmt.Errorf("persistence: %q cannot be the name of a collection", c.Name)
	}
	seen := map[string]bool{}
	for _, f := range c.Fields {
		name := strings.ToLower(f.Name)
		if !namePattern.MatchString(f.Name) || slices.Contains(reservedFields, name) || seen[name] {
			return fmt.Errorf("persistence: %s: %q cannot be the name of a field", c.Name, f.Name)
		}
		if f.Type < String || f.Type > Time {
			return fmt.Errorf("persistence: %s: field %q has no known type", c.Name, f.Name)
		}
		seen[name] = true
	}
	for _, index := range c.Indexes {
		for _, name := range index {
			if _, ok := c.TypeOf(name); !ok {
				return fmt.Errorf("persistence: %s: index of %q, which is not a field", c.Name, name)
			}
		}
	}
	return nil
}

// TypeOf is the type of a field that queries may name.
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

// Value is the document's value of a field that queries may name; nil for none.
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

// Check reports a write that no store can execute: a defect of the program.
// A store answers it with [ErrNotExecuted].
func (w *Write) Check() error {
	c, d := w.Collection, &w.Doc
	switch {
	case c == nil:
		return fmt.Errorf("%w: a write without a collection", ErrNotExecuted)
	case d.ID == "" || d.Version < 1:
		return fmt.Errorf("%w: %s: a write needs an id and a version from 1", ErrNotExecuted, c.Name)
	case len(d.Fields) > len(c.Fields):
		return fmt.Errorf("%w: %s has %d fields, the document %d", ErrNotExecuted, c.Name, len(c.Fields), len(d.Fields))
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

// Millis is t as a store keeps it: UTC in whole milliseconds, the zero time as it is.
func Millis(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.UnixMilli(t.UnixMilli()).UTC()
}
