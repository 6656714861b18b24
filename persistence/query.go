package persistence

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"entrepot"
)

// maxLimit is the largest number of documents in one page.
const maxLimit = 100

// Plan is a validated [Query] as stores execute it: every field is declared, every value has its
// field's type, and the cursor is decoded.
type Plan struct {
	Where []Cond // times in whole milliseconds
	Sort  string
	Type  FieldType // of Sort
	Desc  bool
	Limit int
	After *Position // nil: start with the first document

	collection string
}

// Position is the end of a page: the sort value (nil for none) and the id of its last document.
type Position struct {
	Value any
	ID    entrepot.ID
}

// NewPlan validates a query. An invalid cursor is a user error (CodeInvalid); an undeclared field,
// a value of the wrong type or a limit out of range is a programming error. Cursors are opaque but
// not secret: tenants are separated by the scope, not by the cursor.
func NewPlan(c *Collection, q Query) (*Plan, error) {
	p := &Plan{Sort: q.Sort, Desc: q.Desc, Limit: q.Limit, collection: c.Name, Where: slices.Clone(q.Where)}
	if p.Sort == "" {
		p.Sort = CreatedAt
	}
	var ok bool
	if p.Type, ok = c.TypeOf(p.Sort); !ok || isID(p.Sort) {
		return nil, fmt.Errorf("persistence: %s: cannot sort by %q", c.Name, p.Sort)
	}
	if p.Limit < 1 || p.Limit > maxLimit {
		return nil, fmt.Errorf("persistence: %s: limit %d: want 1 to %d", c.Name, p.Limit, maxLimit)
	}
	for i := range p.Where {
		if err := c.checkCond(&p.Where[i]); err != nil {
			return nil, err
		}
	}
	if q.Cursor != "" {
		at, err := p.position(q.Cursor)
		if err != nil {
			return nil, err
		}
		p.After = at
	}
	return p, nil
}

// NewCountPlan validates the conditions of a count.
func NewCountPlan(c *Collection, where []Cond) (*Plan, error) {
	return NewPlan(c, Query{Where: where, Limit: 1})
}

func (c *Collection) checkCond(w *Cond) error {
	t, ok := c.TypeOf(w.Field)
	if !ok || (isID(w.Field) && w.Op != Eq && w.Op != In) {
		return fmt.Errorf("persistence: %s: unsupported condition %d on %q", c.Name, w.Op, w.Field)
	}
	bad := func(v any) error {
		return fmt.Errorf("persistence: %s: condition on %s cannot use a value of type %T", c.Name, w.Field, v)
	}
	switch w.Op {
	case Eq:
		if w.Value != nil && !t.holds(w.Value) {
			return bad(w.Value)
		}
	case Gte, Lt, Prefix:
		if !t.holds(w.Value) || (w.Op == Prefix && t != String) {
			return bad(w.Value)
		}
	case In:
		w.Values = slices.Clone(w.Values)
		for i, v := range w.Values {
			if !t.holds(v) {
				return bad(v)
			}
			w.Values[i] = truncateTime(v)
		}
	default:
		return fmt.Errorf("persistence: %s: unknown comparison %d", c.Name, w.Op)
	}
	w.Value = truncateTime(w.Value)
	// Stores keep an empty id as no value.
	if w.Value == "" && isID(w.Field) && w.Op == Eq {
		w.Value = nil
	}
	return nil
}

// isID reports whether a field holds ids, which the two stores order differently.
func isID(field string) bool { return field == CompanyID || field == ShopID || field == OwnerID }

func truncateTime(v any) any {
	if t, ok := v.(time.Time); ok {
		return Millis(t)
	}
	return v
}

// Range is a part of the result that a single index range covers. Documents without a value lie
// together at one end, and "beyond this value, or without a value" is not an index range.
type Range int

// Ranges of a result.
const (
	RangeAll    Range = iota // everything
	RangeBeyond              // values beyond After's, and the same value with ids beyond After's
	RangeNone                // no value; with ids beyond After's if After has no value either
	RangeSome                // any value
)

// Ranges returns the parts of the result in their order. A store queries them one after the other
// until the page is full.
func (p *Plan) Ranges() []Range {
	switch {
	case p.After == nil:
		return []Range{RangeAll}
	case p.After.Value != nil && (!p.Desc || p.Sort == CreatedAt):
		return []Range{RangeBeyond}
	case p.After.Value != nil:
		return []Range{RangeBeyond, RangeNone}
	case p.Desc:
		return []Range{RangeNone}
	default:
		return []Range{RangeNone, RangeSome}
	}
}

// checksumSize is large enough to detect mistyped and foreign cursors.
const checksumSize = 6

// Next returns the cursor of the page after document d.
func (p *Plan) Next(c *Collection, d *Document) string {
	v := d.Value(c, p.Sort)
	if t, ok := v.(time.Time); ok {
		v = t.UnixMilli()
	}
	body, err := json.Marshal([]any{v, d.ID})
	if err != nil {
		panic(err) // cannot happen: v is a string, an int64, a bool or nil
	}
	return base64.RawURLEncoding.EncodeToString(append(p.checksum(body), body...))
}

func (p *Plan) checksum(body []byte) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %d %t %s", p.collection, p.Sort, p.Type, p.Desc, body))
	return sum[:checksumSize]
}

// position decodes a cursor that [Plan.Next] created for the same collection and order.
func (p *Plan) position(cursor string) (*Position, error) {
	errCursor := entrepot.Invalid("cursor", "cursor", "is not a cursor of this list")
	if len(cursor) > 4096 {
		return nil, errCursor
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(raw) < checksumSize || !bytes.Equal(raw[:checksumSize], p.checksum(raw[checksumSize:])) {
		return nil, errCursor
	}
	var parts []json.RawMessage
	at := &Position{}
	if json.Unmarshal(raw[checksumSize:], &parts) != nil || len(parts) != 2 ||
		json.Unmarshal(parts[1], &at.ID) != nil || at.ID == "" {
		return nil, errCursor
	}
	if string(parts[0]) == "null" {
		return at, nil
	}
	if at.Value, err = p.Type.decode(parts[0]); err != nil {
		return nil, errCursor
	}
	return at, nil
}

func (t FieldType) decode(raw []byte) (any, error) {
	switch t {
	case String:
		return decodeAs[string](raw)
	case Bool:
		return decodeAs[bool](raw)
	case Int:
		return decodeAs[int64](raw)
	default:
		n, err := decodeAs[int64](raw)
		return time.UnixMilli(n).UTC(), err
	}
}

func decodeAs[T any](raw []byte) (v T, err error) {
	err = json.Unmarshal(raw, &v)
	return v, err
}

// PrefixEnd returns the smallest string greater than every string with the prefix p; false if there
// is none, as for "".
func PrefixEnd(p string) (string, bool) {
	for p != "" {
		r, n := utf8.DecodeLastRuneInString(p)
		p = p[:len(p)-n]
		switch {
		case r == utf8.RuneError && n == 1, r == utf8.MaxRune:
			continue // no rune follows it: increment the preceding rune
		case r == 0xD7FF:
			return p + "\uE000", true // skip the surrogates, which are not runes
		default:
			return p + string(r+1), true
		}
	}
	return "", false
}

// Compare orders two positions like the plan's result.
func (p *Plan) Compare(a, b Position) int {
	n := Compare(a.Value, b.Value)
	if n == 0 {
		n = strings.Compare(a.ID, b.ID)
	}
	if p.Desc {
		return -n
	}
	return n
}

// Compare orders two values of one field like both stores: nil first, false before true, strings by
// their bytes.
func Compare(a, b any) int {
	if a == nil || b == nil {
		return cmp.Compare(b2i(a != nil), b2i(b != nil))
	}
	switch a := a.(type) {
	case string:
		return strings.Compare(a, b.(string))
	case int64:
		return cmp.Compare(a, b.(int64))
	case bool:
		return cmp.Compare(b2i(a), b2i(b.(bool)))
	default:
		return a.(time.Time).Compare(b.(time.Time))
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
