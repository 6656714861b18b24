package services_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"entrepot/cmd/entrepot/services"
	"entrepot/grains"
)

var record = flag.String("record", "", "version whose stored states are to be recorded, such as 0.5.0")

// TestStoredStatesStayReadable decodes a document of every kind as each released version has stored it:
// every field arrives, unknown fields are ignored, absent ones are zero. A release records its states:
// go test ./cmd/entrepot/services -record VERSION.
func TestStoredStatesStayReadable(t *testing.T) {
	t.Parallel()
	kinds := map[string]*grains.Kind{}
	for _, s := range services.Table {
		for _, k := range s.Kinds {
			kinds[k().Name] = k()
		}
	}
	if *record != "" {
		recordStates(t, filepath.Join("testdata", "states", *record), kinds)
	}
	files, err := filepath.Glob(filepath.Join("testdata", "states", "*", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d recorded states, %v", len(files), err)
	}
	for _, file := range files {
		stored, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		k := kinds[strings.TrimSuffix(filepath.Base(file), ".json")]
		if k == nil {
			t.Errorf("%s: no kind has that name; its documents are unreadable", file)
			continue
		}
		checkStored(t, file, k, stored)
	}
}

func checkStored(t *testing.T, file string, k *grains.Kind, stored []byte) {
	t.Helper()
	var want, got map[string]any
	state := k.New()
	if err := json.Unmarshal(stored, state); err != nil {
		t.Errorf("%s: %v", file, err)
		return
	}
	again, err := json.Marshal(state)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if err := errorsOf(json.Unmarshal(stored, &want), json.Unmarshal(again, &got)); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	for _, lost := range missing("", want, got) {
		t.Errorf("%s: %s is lost: a stored field was renamed, removed or given another type", file, lost)
	}
	state.Index() // of a full state
	want["aFieldOfANewerVersion"] = map[string]any{"x": 1}
	newer, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range [][]byte{newer, []byte("{}")} {
		s := k.New()
		if err := json.Unmarshal(text, s); err != nil {
			t.Errorf("%s: %s: %v", file, text, err)
		}
		s.Index()
	}
}

func errorsOf(all ...error) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}

// missing lists what want has and got has not, or has otherwise.
func missing(at string, want, got any) (out []string) {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return []string{at}
		}
		for key, value := range w {
			out = append(out, missing(at+"."+key, value, g[key])...)
		}
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return []string{at}
		}
		for i := range w {
			out = append(out, missing(fmt.Sprintf("%s[%d]", at, i), w[i], g[i])...)
		}
	default:
		if !reflect.DeepEqual(want, got) {
			return []string{at}
		}
	}
	return out
}

// recordStates writes one full state of each kind.
func recordStates(t *testing.T, dir string, kinds map[string]*grains.Kind) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	for name, k := range kinds {
		state := k.New()
		n := 0
		fill(reflect.ValueOf(state).Elem(), &n)
		b, err := json.Marshal(state)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var indented bytes.Buffer
		if err := json.Indent(&indented, b, "", "  "); err != nil {
			t.Fatal(err)
		}
		indented.WriteByte('\n')
		if err := os.WriteFile(filepath.Join(dir, name+".json"), indented.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// fill gives every field a value of its own.
func fill(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("%024x", *n)) // an id, where one is wanted
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(*n % 100))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(*n % 100))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(float64(*n) / 8)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), n)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, n)
		fill(value, n)
		v.SetMapIndex(key, value)
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), n)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.UnixMilli(1_800_000_000_000 + int64(*n)).UTC()))
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i), n)
			}
		}
	default: // an interface, which the state's own code fills
	}
}
