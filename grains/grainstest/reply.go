package grainstest

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"time"

	"entrepot/grains"
)

// Values of an overwritten reply. No test uses them, so a state that contains one shares memory with a
// reply, whatever concurrent commands change. Overwritten bools and small integers cannot be
// recognized.
const (
	overwrittenText  = "overwritten by grainstest"
	overwrittenInt64 = 4_973_310_865_217_529
	overwrittenInt32 = 1_793_205_467
	overwrittenFloat = 0.49733108652175
	overwrittenByte  = 0xa5 // in base64: paWl paWl …
)

var overwrittenTime = time.UnixMilli(4_973_310_865_217).UTC()

// marks are the forms of these values in JSON.
var marks = [][]byte{
	[]byte(overwrittenText), []byte("4973310865217529"), []byte("1793205467"), []byte("0.49733108652175"),
	[]byte("paWlpaWl"), []byte(overwrittenTime.Format(time.RFC3339Nano)),
}

// owned returns a copy of a reply for its caller and overwrites the reply itself. It reports a reply
// that shares memory with the state of its grain, because a caller on the same member could change that
// state without a command.
func (m *Member) owned(to grains.Ref, message, reply any) any {
	original := reflect.ValueOf(reply)
	copied := deepCopy(original)
	if overwrite(original) == 0 {
		return copied.Interface()
	}
	m.reportShared(to, "the reply %T to %T shares memory", reply, message)
	return copied.Interface()
}

// disown overwrites a message after its reply. It reports a state that shares memory with the message:
// a change of that state in place would change the message too, which is decided again after a lost
// compare-and-set.
func (m *Member) disown(to grains.Ref, sent reflect.Value) {
	if overwrite(sent) > 0 {
		m.reportShared(to, "the message %T shares memory", sent.Interface())
	}
}

// reportShared reports a state that contains an overwritten value.
func (m *Member) reportShared(to grains.Ref, format string, args ...any) {
	state, _, ok := m.Host.StateOf(to.Kind, to.ID)
	if !ok {
		return
	}
	for _, mark := range marks {
		if bytes.Contains(state, mark) {
			m.report(format+" with the state of %s %s: overwriting it changed the state to %s",
				append(args, to.Kind, to.ID, state)...)
			return
		}
	}
}

// deepCopy returns a copy that shares no memory with v, except through unexported fields, which are
// copied as they are. Nil slices and maps stay nil, empty ones empty.
func deepCopy(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			out.Set(reflect.New(v.Type().Elem()))
			out.Elem().Set(deepCopy(v.Elem()))
		}
	case reflect.Interface:
		if !v.IsNil() {
			out.Set(deepCopy(v.Elem()))
		}
	case reflect.Slice:
		if !v.IsNil() {
			out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		}
		for i := range v.Len() {
			out.Index(i).Set(deepCopy(v.Index(i)))
		}
	case reflect.Array:
		for i := range v.Len() {
			out.Index(i).Set(deepCopy(v.Index(i)))
		}
	case reflect.Map:
		if !v.IsNil() {
			out.Set(reflect.MakeMapWithSize(v.Type(), v.Len()))
		}
		for i := v.MapRange(); i.Next(); {
			out.SetMapIndex(deepCopy(i.Key()), deepCopy(i.Value()))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				out.Field(i).Set(deepCopy(v.Field(i)))
			}
		}
	default: // a value without memory of its own
	}
	return out
}

var (
	timeType = reflect.TypeFor[time.Time]()
	rawType  = reflect.TypeFor[json.RawMessage]()
)

// overwrite changes everything that can be reached from v and returns the number of changed values.
func overwrite(v reflect.Value) (n int) {
	switch {
	case v.Type() == timeType:
		return set(v, reflect.ValueOf(overwrittenTime))
	case v.Type() == rawType:
		return copy(v.Bytes(), rawText(v.Len()))
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			n = overwrite(v.Elem())
		}
	case reflect.Interface:
		if !v.IsNil() {
			n = overwriteInterface(v)
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			n += overwrite(v.Index(i))
		}
	case reflect.Map:
		n = overwriteMap(v)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				n += overwrite(v.Field(i))
			}
		}
	default:
		n = overwriteScalar(v)
	}
	return n
}

func overwriteScalar(v reflect.Value) int {
	value := reflect.Value{}
	switch v.Kind() {
	case reflect.String:
		value = reflect.ValueOf(overwrittenText)
	case reflect.Bool:
		value = reflect.ValueOf(!v.Bool())
	case reflect.Int, reflect.Int64, reflect.Uint, reflect.Uint64:
		value = reflect.ValueOf(int64(overwrittenInt64))
	case reflect.Int32, reflect.Uint32:
		value = reflect.ValueOf(int32(overwrittenInt32))
	case reflect.Int8, reflect.Int16, reflect.Uint8, reflect.Uint16:
		value = reflect.ValueOf(uint8(overwrittenByte))
	case reflect.Float32, reflect.Float64:
		value = reflect.ValueOf(overwrittenFloat)
	default:
		return 0
	}
	return set(v, value.Convert(v.Type()))
}

// set assigns a value to shared memory and returns 1, or 0 if v is part of a copy, as a field of the
// reply itself is.
func set(v, value reflect.Value) int {
	if !v.CanSet() {
		return 0
	}
	v.Set(value)
	return 1
}

// overwriteInterface overwrites the memory behind an interface, and then the interface itself.
func overwriteInterface(v reflect.Value) int {
	n := overwrite(v.Elem())
	value := reflect.New(v.Elem().Type()).Elem()
	value.Set(v.Elem())
	overwrite(value)
	return n + set(v, value)
}

// overwriteMap overwrites the values of a map and, if its keys are strings, adds an entry.
func overwriteMap(v reflect.Value) (n int) {
	if v.IsNil() {
		return 0
	}
	for i := v.MapRange(); i.Next(); {
		value := reflect.New(v.Type().Elem()).Elem()
		value.Set(i.Value())
		n += overwrite(value)
		v.SetMapIndex(i.Key(), value)
	}
	if v.Type().Key().Kind() == reflect.String {
		v.SetMapIndex(reflect.ValueOf(overwrittenText).Convert(v.Type().Key()), reflect.Zero(v.Type().Elem()))
		n++
	}
	return n
}

// rawText returns JSON of n bytes.
func rawText(n int) string {
	if n < 2 {
		return strings.Repeat("0", n)
	}
	return `"` + (overwrittenText + strings.Repeat("x", n))[:n-2] + `"`
}
