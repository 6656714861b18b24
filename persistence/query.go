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

// Most documents in one page.
const maxLimit = 100

// Plan is a checked [Query], as a store runs it: every field is declared, every
// value has its field's type, and the cursor is a position.
type Plan struct {
	Where []Cond // times in whole milliseconds
	Sort  string
	Type  FieldType // of Sort
	Desc  bool
	Limit int
	After *Position // nil: from the beginning

	collection string
}

// Position is where a page ended: its last document's sort value (nil for none) and id.
type Position struct {
	Value any
	ID    entrepot.ID
}

// NewPlan checks a query. Only a bad cursor is the user's fault (CodeInvalid);
// an undeclared field, a value of another type or a limit out of range is a
// defect of the program. Cursors are opaque to users, not secret: the scope, not
// the cursor, keeps tenants apart.
func NewPlan(c *Collection, q Query) (*Plan, error) {
	p := &Plan{Sort: q.Sort, Desc: q.Desc, Limit: q.Limit, collection: c.Name, Where: slices.Clone(q.Where)}
	if p.Sort == "" {
		p.Sort = CreatedAt
	}
	var ok bool
	if p.Type, ok = c.TypeOf(p.Sort); !ok || isID(p.Sort) {
		return nil, fmt.Errorf("persistence: %s: sort by %q, which has no order here", c.Name, p.Sort)
	}
	if p.Limit < 1 || p.Limit > maxLimit {
		return nil, fmt.Errorf("persistence: %s: limit %d is not in 1..%d", c.Name, p.Limit, maxLimit)
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

// NewCountPlan checks the conditions of a count.
func NewCountPlan(c *Collection, where []Cond) (*Plan, error) {
	return NewPlan(c, Query{Where: where, Limit: 1})
}

func (c *Collection) checkCond(w *Cond) error {
	t, ok := c.TypeOf(w.Field)
	if !ok || (isID(w.Field) && w.Op != Eq && w.Op != In) {
		return fmt.Errorf("persistence: %s: no such condition on %q", c.Name, w.Field)
	}
	bad := func(v any) error {
		return fmt.Errorf("persistence: %s: condition on %s cannot compare with a %T", c.Name, w.Field, v)
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
			w.Values[i] = wholeMillis(v)
		}
	default:
		return fmt.Errorf("persistence: %s: unknown comparison %d", c.Name, w.Op)
	}
	w.Value = wholeMillis(w.Value)
	// The store keeps an empty id as no value.
	if w.Value == "" && isID(w.Field) && w.Op == Eq {
		w.Value = nil
	}
	return nil
}

// isID reports whether a field holds ids, which have no order that both stores share.
func isID(field string) bool { return field == CompanyID || field == ShopID || field == OwnerID }

func wholeMillis(v any) any {
	if t, ok := v.(time.Time); ok {
		return Millis(t)
	}
	return v
}

// Range is a stretch of the answer that one index range holds. The documents
// without a value stand together at one end, and "beyond this value, or without
// one" is no index range.
type Range int

// The stretches.
const (
	RangeAll    Range = iota // everything
	RangeBeyond              // beyond After's value, or its value and beyond its id
	RangeNone                // no value; beyond After's id when that has no value either
	RangeSome                // any value
)

// Ranges are the stretches of the answer in their order. A store asks for them
// one after the other until the page is full.
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

// checksumSize is enough to tell a mistyped or foreign cursor from our own.
const checksumSize = 6

// Next is the cursor of the page after the document d.
func (p *Plan) Next(c *Collection, d *Document) string {
	v := d.Value(c, p.Sort)
	if t, ok := v.(time.Time); ok {
		v = t.UnixMilli()
	}
	body, err := json.Marshal([]any{v, d.ID})
	if err != nil {
		panic(err) // a string, an int64, a bool or nil
	}
	return base64.RawURLEncoding.EncodeToString(append(p.checksum(body), body...))
}

func (p *Plan) checksum(body []byte) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %d %t %s", p.collection, p.Sort, p.Type, p.Desc, body))
	return sum[:checksumSize]
}

// position reads a cursor that [Plan.Next] made for the same collection and order.
func (p *Plan) position(cursor string) (*Position, error) {
	foreign := entrepot.Invalid("cursor", "cursor", "is not a cursor of this list")
	if len(cursor) > 4096 {
		return nil, foreign
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(raw) < checksumSize || !bytes.Equal(raw[:checksumSize], p.checksum(raw[checksumSize:])) {
		return nil, foreign
	}
	var parts []json.RawMessage
	at := &Position{}
	if json.Unmarshal(raw[checksumSize:], &parts) != nil || len(parts) != 2 ||
		json.Unmarshal(parts[1], &at.ID) != nil || at.ID == "" {
		return nil, foreign
	}
	if string(parts[0]) == "null" {
		return at, nil
	}
	if at.Value, err = p.Type.decode(parts[0]); err != nil {
		return nil, foreign
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

// PrefixEnd is the least string greater than every string that begins with p;
// false when there is none, as for "".
func PrefixEnd(p string) (string, bool) {
	for p != "" {
		r, n := utf8.DecodeLastRuneInString(p)
		p = p[:len(p)-n]
		switch {
		case r == utf8.RuneError && n == 1, r == utf8.MaxRune:
			continue // nothing follows it: the rune before must grow
		case r == 0xD7FF:
			return p + "\uE000", true // over the surrogates, which are no runes
		default:
			return p + string(r+1), true
		}
	}
	return "", false
}

// Compare orders two positions as the plan's answer does.
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

// Compare orders two values of one field as both stores do: nil first, false
// before true, strings by their bytes.
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
