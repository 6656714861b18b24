package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"entrepot"

	"github.com/danielgtaylor/huma/v2"
)

// maxDepth is how deep JSON of a request may nest.
const maxDepth = 32

// jsonFormat is how bodies are read and written.
var jsonFormat = huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: unmarshal}

// unmarshal reads a body. huma calls it twice: into an any to validate, which is
// when the depth is checked, and into the input's struct.
func unmarshal(data []byte, v any) error {
	if _, first := v.(*any); first && depth(data) > maxDepth {
		return jsonError{"body", "depth", fmt.Sprintf("nests deeper than %d", maxDepth)}
	}
	err := json.Unmarshal(data, v)
	if err == nil {
		return nil
	}
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return jsonError{"body", "json", "is not valid JSON"}
	}
	if wrong.Field != "" {
		return jsonError{jsonPath(wrong.Field), "type", "has a value that does not fit, " + wrong.Value}
	}
	return jsonError{hugeNumber(data), "maximum", "is a number too large"}
}

// jsonError is what is wrong with a body. huma keeps only its text, so the text
// carries the parts.
type jsonError entrepot.FieldError

const jsonErrorMark = "\x1f"

func (e jsonError) Error() string {
	return jsonErrorMark + e.Field + jsonErrorMark + e.Rule + jsonErrorMark + e.Message
}

func parseJSONError(text string) (entrepot.FieldError, bool) {
	p := strings.Split(text, jsonErrorMark)
	if len(p) != 4 || p[0] != "" {
		return entrepot.FieldError{}, false
	}
	return entrepot.FieldError{Field: p[1], Rule: p[2], Message: p[3]}, true
}

// depth is how deep the JSON nests; brackets within strings do not count.
func depth(data []byte) (deepest int) {
	level, text := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case text && c == '\\':
			i++
		case c == '"':
			text = !text
		case text:
		case c == '{' || c == '[':
			level++
			deepest = max(deepest, level)
		case c == '}' || c == ']':
			level--
		}
	}
	return deepest
}

// hugeNumber names the first number that no float64 holds, which is the one
// thing that JSON may say and an any cannot hold.
func hugeNumber(data []byte) string {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return "body"
	}
	if path, ok := findHuge("", v); ok && path != "" {
		return path
	}
	return "body"
}

func findHuge(path string, v any) (string, bool) {
	switch v := v.(type) {
	case json.Number:
		_, err := v.Float64()
		return path, err != nil
	case map[string]any:
		for k, e := range v {
			if p, ok := findHuge(join(path, k), e); ok {
				return p, true
			}
		}
	case []any:
		for i, e := range v {
			if p, ok := findHuge(path+"["+strconv.Itoa(i)+"]", e); ok {
				return p, true
			}
		}
	}
	return "", false
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// amountSchema stands for entrepot.Amount in the document and in validation.
type amountSchema float64

// Schema is a JSON number; how many decimals it may have depends on the currency.
func (amountSchema) Schema(huma.Registry) *huma.Schema {
	zero := 0.0
	s := &huma.Schema{
		Type: huma.TypeNumber, Minimum: &zero, Examples: []any{19.99},
		Description: "exact decimal amount in major units of the currency beside it",
	}
	s.PrecomputeMessages()
	return s
}

// jsonPath is a field as the client knows it: without the names of embedded Go
// types, which begin with a capital as no field of ours does.
func jsonPath(field string) string {
	parts := strings.Split(field, ".")
	last := len(parts) - 1
	embedded := func(p string) bool { return p != "" && p[0] >= 'A' && p[0] <= 'Z' }
	parts = append(slices.DeleteFunc(parts[:last:last], embedded), parts[last])
	return strings.Join(parts, ".")
}
