package mongostore

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"

	"entrepot"
	"entrepot/events"
	"entrepot/persistence"
)

// idValue returns the stored form of an id: an ObjectID if it has that form, otherwise a string.
func idValue(id entrepot.ID) any {
	if !entrepot.ValidID(id) {
		return id
	}
	oid, err := bson.ObjectIDFromHex(id)
	if err != nil {
		return id
	}
	return oid
}

func appendID(dst []byte, key string, id entrepot.ID) []byte {
	if oid, ok := idValue(id).(bson.ObjectID); ok {
		return bsoncore.AppendObjectIDElement(dst, key, oid)
	}
	return bsoncore.AppendStringElement(dst, key, id)
}

func appendOptionalID(dst []byte, key string, id entrepot.ID) []byte {
	if id == "" {
		return dst
	}
	return appendID(dst, key, id)
}

// encode returns the complete document of a write.
func encode(w *persistence.Write) (bson.Raw, error) {
	d := &w.Doc
	start, b := bsoncore.AppendDocumentStart(make([]byte, 0, 512+len(d.State)+len(d.Recent)))
	b = appendID(b, "_id", d.ID)
	b = bsoncore.AppendInt64Element(b, "version", d.Version)
	b = appendOptionalID(b, "companyId", d.CompanyID)
	b = appendOptionalID(b, "shopId", d.ShopID)
	b = appendOptionalID(b, "ownerId", d.OwnerID)
	b = bsoncore.AppendDateTimeElement(b, "createdAt", d.CreatedAt.UnixMilli())
	b = bsoncore.AppendDateTimeElement(b, "updatedAt", d.UpdatedAt.UnixMilli())
	if !d.WakeAt.IsZero() {
		b = bsoncore.AppendDateTimeElement(b, "wakeAt", d.WakeAt.UnixMilli())
	}
	b = bsoncore.AppendInt64Element(b, "sequence", d.Sequence)
	for i, v := range d.Fields {
		b = appendField(b, w.Collection.Fields[i].Name, v)
	}
	if len(d.State) > 0 {
		b = bsoncore.AppendDocumentElement(b, "state", d.State)
	}
	if d.Recent != nil {
		b = bsoncore.AppendBinaryElement(b, "recent", 0, d.Recent)
	}
	b, err := appendOutbox(b, d.Outbox, w.Events)
	if err != nil {
		return nil, err
	}
	b, err = bsoncore.AppendDocumentEnd(b, start)
	return b, err
}

func appendField(b []byte, name string, v any) []byte {
	switch v := v.(type) {
	case string:
		return bsoncore.AppendStringElement(b, name, v)
	case int64:
		return bsoncore.AppendInt64Element(b, name, v)
	case bool:
		return bsoncore.AppendBooleanElement(b, name, v)
	case time.Time:
		return bsoncore.AppendDateTimeElement(b, name, v.UnixMilli())
	default:
		return b // no value
	}
}

// appendOutbox appends an array of the older events followed by the new ones.
func appendOutbox(b []byte, lists ...[]events.Envelope) ([]byte, error) {
	var start int32
	n := 0
	for _, list := range lists {
		for i := range list {
			if n == 0 {
				start, b = bsoncore.AppendArrayElementStart(b, "outbox")
			}
			e, err := marshal(&list[i])
			if err != nil {
				return nil, fmt.Errorf("event %s: %w", list[i].ID, err)
			}
			b = bsoncore.AppendDocumentElement(b, strconv.Itoa(n), e)
			n++
		}
	}
	if n == 0 {
		return b, nil
	}
	return bsoncore.AppendArrayEnd(b, start)
}

// decode decodes a document of the collection.
func (t *table) decode(raw bson.Raw) (d persistence.Document, err error) {
	elements, err := bsoncore.Document(raw).Elements()
	if err != nil {
		return d, err
	}
	d.Fields = make([]any, len(t.c.Fields))
	for _, e := range elements {
		key, v := e.Key(), e.Value()
		if err := decodeFixed(&d, key, v); err != nil {
			return d, fmt.Errorf("mongostore: %s %s: %s: %w", t.c.Name, d.ID, key, err)
		}
		for i, f := range t.c.Fields {
			if f.Name == key {
				d.Fields[i] = fieldValue(f.Type, v)
			}
		}
	}
	return d, nil
}

// decodeFixed decodes an element that every document has; it ignores others.
func decodeFixed(d *persistence.Document, key string, v bsoncore.Value) (err error) {
	switch key {
	case "_id":
		d.ID, err = idOf(v)
	case "companyId":
		d.CompanyID, err = idOf(v)
	case "shopId":
		d.ShopID, err = idOf(v)
	case "ownerId":
		d.OwnerID, err = idOf(v)
	case "version":
		d.Version, err = intOf(v)
	case "sequence":
		d.Sequence, err = intOf(v)
	case "createdAt":
		d.CreatedAt, err = timeOf(v)
	case "updatedAt":
		d.UpdatedAt, err = timeOf(v)
	case "wakeAt":
		d.WakeAt, err = timeOf(v)
	case "state":
		state, ok := v.DocumentOK()
		d.State, err = state, wrongType(ok)
	case "recent":
		_, recent, ok := v.BinaryOK()
		d.Recent, err = recent, wrongType(ok)
	case "outbox":
		d.Outbox, err = outboxOf(v)
	}
	return err
}

var errType = errors.New("the value has the wrong type")

func wrongType(ok bool) error {
	if ok {
		return nil
	}
	return errType
}

func idOf(v bsoncore.Value) (entrepot.ID, error) {
	if v.Type == bsoncore.TypeObjectID {
		return hex.EncodeToString(v.Data), nil
	}
	s, ok := v.StringValueOK()
	return s, wrongType(ok)
}

func intOf(v bsoncore.Value) (int64, error) {
	n, ok := v.AsInt64OK()
	return n, wrongType(ok)
}

func timeOf(v bsoncore.Value) (time.Time, error) {
	ms, ok := v.DateTimeOK()
	return time.UnixMilli(ms).UTC(), wrongType(ok)
}

func outboxOf(v bsoncore.Value) ([]events.Envelope, error) {
	array, ok := v.ArrayOK()
	if !ok {
		return nil, errType
	}
	text, err := elementsToJSON(nil, array, '[', ']')
	if err != nil {
		return nil, err
	}
	var outbox []events.Envelope
	return outbox, json.Unmarshal(text, &outbox)
}

// fieldValue returns the value of a declared field, or nil if it has another type.
func fieldValue(t persistence.FieldType, v bsoncore.Value) any {
	switch t {
	case persistence.String:
		if s, ok := v.StringValueOK(); ok {
			return s
		}
	case persistence.Int:
		if n, ok := v.AsInt64OK(); ok {
			return n
		}
	case persistence.Bool:
		if b, ok := v.BooleanOK(); ok {
			return b
		}
	case persistence.Time:
		if ms, ok := v.DateTimeOK(); ok {
			return time.UnixMilli(ms).UTC()
		}
	}
	return nil
}
