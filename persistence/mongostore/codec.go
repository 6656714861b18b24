package mongostore

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"

	"entrepot"
)

// The codec converts through JSON, so that everything JSON defines for a type (tags, embedding,
// MarshalJSON, nil slices) applies here too and the two stores cannot differ. Each JSON value
// becomes the BSON type that people expect, provided that converting it back gives the same text:
//
//	19, -5               int64
//	0.1, 1e400, 19.90    double, or Decimal128 when a double would change the digits
//	"65f1c0…" (24 hex)   ObjectID
//	"2026-03-01T…Z"      date, in whole milliseconds UTC
//	other strings        string
//
// A number that no BSON type holds exactly is stored as text, in a binary of subtype exactNumber.
const exactNumber = 0x80

// Marshal encodes a state as a BSON document according to its json tags.
func (s *Store) Marshal(v any) ([]byte, error) { return marshal(v) }

// FromJSON encodes a JSON object, which may contain white space, as a BSON document.
func (s *Store) FromJSON(text []byte) ([]byte, error) { return marshal(json.RawMessage(text)) }

// Unmarshal decodes a document encoded by Marshal.
func (s *Store) Unmarshal(data []byte, v any) error {
	text, err := documentToJSON(make([]byte, 0, 2*len(data)), data)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, v)
}

func marshal(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	if len(text) == 0 || text[0] != '{' {
		return nil, fmt.Errorf("mongostore: a value of type %T does not encode as a document", v)
	}
	p := parser{text: text, out: make([]byte, 0, len(text)+len(text)/4)}
	p.object()
	return p.out, p.err
}

// parser converts JSON to BSON, appending it to out. It relies on the output format of
// json.Marshal: valid and without white space.
type parser struct {
	text []byte
	out  []byte
	err  error
}

func (p *parser) object() {
	start, out := bsoncore.AppendDocumentStart(p.out)
	p.out = out
	p.text = p.text[1:]
	for p.err == nil && p.text[0] != '}' {
		key := p.string()
		if bytes.IndexByte(key, 0) >= 0 {
			p.err = errors.New("mongostore: a key with a NUL byte cannot be stored")
			return
		}
		p.text = p.text[1:] // the colon
		p.element(key)
		p.comma()
	}
	p.end(start)
}

func (p *parser) array() {
	start, out := bsoncore.AppendArrayStart(p.out)
	p.out = out
	p.text = p.text[1:]
	for i := int64(0); p.err == nil && p.text[0] != ']'; i++ {
		p.element(strconv.AppendInt(nil, i, 10))
		p.comma()
	}
	p.end(start)
}

func (p *parser) comma() {
	if p.err == nil && p.text[0] == ',' {
		p.text = p.text[1:]
	}
}

func (p *parser) end(start int32) {
	if p.err == nil {
		p.text = p.text[1:]
		p.out, p.err = bsoncore.AppendDocumentEnd(p.out, start)
	}
}

// element appends a type, a key and the next value.
func (p *parser) element(key []byte) {
	at := len(p.out)
	p.out = append(p.out, 0)
	p.out = append(append(p.out, key...), 0)
	var kind bsoncore.Type
	switch p.text[0] {
	case '{':
		kind = bsoncore.TypeEmbeddedDocument
		p.object()
	case '[':
		kind = bsoncore.TypeArray
		p.array()
	case '"':
		kind = p.appendText(p.string())
	case 't', 'f':
		kind = bsoncore.TypeBoolean
		p.out = bsoncore.AppendBoolean(p.out, p.text[0] == 't')
		p.text = p.text[map[bool]int{true: 4, false: 5}[p.text[0] == 't']:]
	case 'n':
		kind = bsoncore.TypeNull
		p.text = p.text[4:]
	default:
		kind = p.number()
	}
	p.out[at] = byte(kind)
}

// string consumes a JSON string and returns its value.
func (p *parser) string() []byte {
	for i := 1; ; i++ {
		switch p.text[i] {
		case '"':
			s := p.text[1:i]
			p.text = p.text[i+1:]
			return s
		case '\\':
			return p.escaped()
		}
	}
}

func (p *parser) escaped() []byte {
	end := 1
	for p.text[end] != '"' {
		if p.text[end] == '\\' {
			end++
		}
		end++
	}
	var s string
	if err := json.Unmarshal(p.text[:end+1], &s); err != nil {
		p.err = err
	}
	p.text = p.text[end+1:]
	return []byte(s)
}

func (p *parser) appendText(s []byte) bsoncore.Type {
	if len(s) == 24 && entrepot.ValidID(string(s)) {
		n := len(p.out)
		p.out = append(p.out, make([]byte, 12)...)
		_, p.err = hex.Decode(p.out[n:], s)
		return bsoncore.TypeObjectID
	}
	if ms, ok := dateOf(s); ok {
		p.out = bsoncore.AppendDateTime(p.out, ms)
		return bsoncore.TypeDateTime
	}
	p.out = bsoncore.AppendString(p.out, string(s))
	return bsoncore.TypeString
}

// dateOf parses a time that is formatted exactly as appendDate would format it.
func dateOf(s []byte) (int64, bool) {
	const shortest, longest = len("2006-01-02T15:04:05Z"), len("2006-01-02T15:04:05.000Z")
	if len(s) < shortest || len(s) > longest || s[4] != '-' || s[10] != 'T' || s[len(s)-1] != 'Z' {
		return 0, false
	}
	t, err := time.Parse(time.RFC3339Nano, string(s))
	if err != nil {
		return 0, false
	}
	var again [32]byte
	return t.UnixMilli(), bytes.Equal(appendDate(again[:0], t.UnixMilli()), s)
}

// appendDate formats a time like time.Time.MarshalJSON.
func appendDate(b []byte, ms int64) []byte {
	return time.UnixMilli(ms).UTC().AppendFormat(b, time.RFC3339Nano)
}

func (p *parser) number() bsoncore.Type {
	end := 0
	for end < len(p.text) && p.text[end] != ',' && p.text[end] != '}' && p.text[end] != ']' {
		end++
	}
	lit := p.text[:end]
	p.text = p.text[end:]
	if n, err := strconv.ParseInt(string(lit), 10, 64); err == nil && (n != 0 || lit[0] != '-') {
		p.out = bsoncore.AppendInt64(p.out, n)
		return bsoncore.TypeInt64
	}
	var again [40]byte
	if f, err := strconv.ParseFloat(string(lit), 64); err == nil && bytes.Equal(appendFloat(again[:0], f), lit) {
		p.out = bsoncore.AppendDouble(p.out, f)
		return bsoncore.TypeDouble
	}
	if d, err := bson.ParseDecimal128(string(lit)); err == nil && d.String() == string(lit) {
		high, low := d.GetBytes()
		p.out = bsoncore.AppendDecimal128(p.out, high, low)
		return bsoncore.TypeDecimal128
	}
	p.out = bsoncore.AppendBinary(p.out, exactNumber, lit)
	return bsoncore.TypeBinary
}

// appendFloat formats a number like encoding/json.
func appendFloat(b []byte, f float64) []byte {
	format := byte('f')
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		format = 'e'
	}
	b = strconv.AppendFloat(b, f, format, -1, 64)
	if n := len(b); format == 'e' && n >= 4 && b[n-4] == 'e' && (b[n-3] == '-' || b[n-3] == '+') && b[n-2] == '0' {
		b[n-2] = b[n-1] // e-09 becomes e-9
		b = b[:n-1]
	}
	return b
}

var errNotOurs = errors.New("mongostore: not a document of this codec")

// documentToJSON appends a BSON document as JSON.
func documentToJSON(out, doc []byte) ([]byte, error) {
	return elementsToJSON(out, doc, '{', '}')
}

func elementsToJSON(out, doc []byte, opening, closing byte) ([]byte, error) {
	n, rest, ok := bsoncore.ReadLength(doc)
	if !ok || int(n) != len(doc) || n < 5 {
		return nil, errNotOurs
	}
	out = append(out, opening)
	for first := true; len(rest) > 1; first = false {
		element, after, ok := bsoncore.ReadElement(rest)
		if !ok {
			return nil, errNotOurs
		}
		rest = after
		if !first {
			out = append(out, ',')
		}
		if opening == '{' {
			out = append(appendJSONString(out, element.Key()), ':')
		}
		var err error
		if out, err = valueToJSON(out, element.Value()); err != nil {
			return nil, err
		}
	}
	return append(out, closing), nil
}

func valueToJSON(out []byte, v bsoncore.Value) ([]byte, error) {
	switch v.Type {
	case bsoncore.TypeEmbeddedDocument:
		return elementsToJSON(out, v.Data, '{', '}')
	case bsoncore.TypeArray:
		return elementsToJSON(out, v.Data, '[', ']')
	}
	if err := v.Validate(); err != nil { // the readers below would panic on invalid values
		return nil, fmt.Errorf("%w: %w", errNotOurs, err)
	}
	switch v.Type {
	case bsoncore.TypeString:
		s, ok := v.StringValueOK()
		if !ok { // Validate accepts an empty length
			return nil, errNotOurs
		}
		return appendJSONString(out, s), nil
	case bsoncore.TypeObjectID:
		return append(hex.AppendEncode(append(out, '"'), v.Data), '"'), nil
	case bsoncore.TypeDateTime:
		return append(appendDate(append(out, '"'), v.DateTime()), '"'), nil
	case bsoncore.TypeBoolean:
		return strconv.AppendBool(out, v.Boolean()), nil
	case bsoncore.TypeNull:
		return append(out, "null"...), nil
	case bsoncore.TypeInt64:
		return strconv.AppendInt(out, v.Int64(), 10), nil
	case bsoncore.TypeInt32: // not written by this codec: edited by hand
		return strconv.AppendInt(out, int64(v.Int32()), 10), nil
	case bsoncore.TypeDouble:
		return appendFloat(out, v.Double()), nil
	case bsoncore.TypeDecimal128:
		high, low := v.Decimal128()
		return append(out, bson.NewDecimal128(high, low).String()...), nil
	case bsoncore.TypeBinary:
		subtype, data := v.Binary()
		if subtype == exactNumber {
			return append(out, data...), nil
		}
		return append(base64.StdEncoding.AppendEncode(append(out, '"'), data), '"'), nil
	default:
		return nil, fmt.Errorf("%w: unsupported value type %s", errNotOurs, v.Type)
	}
}

// appendJSONString quotes s like encoding/json.
func appendJSONString(out []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' || c >= 0x80 {
			quoted, err := json.Marshal(s)
			if err != nil {
				panic(err) // cannot happen: strings always encode
			}
			return append(out, quoted...)
		}
	}
	return append(append(append(out, '"'), s...), '"')
}
