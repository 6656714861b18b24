package rest

import (
	"encoding/json"
	"reflect"

	"entrepot"

	"github.com/danielgtaylor/huma/v2"
)

// Rules are the rules of a body of type T for JSON that comes by other ways than
// a request.
type Rules[T any] struct {
	registry huma.Registry
	schema   *huma.Schema
}

// RulesOf returns the rules of T.
func RulesOf[T any]() *Rules[T] {
	teachHuma()
	r := config().Components.Schemas
	return &Rules[T]{r, r.Schema(reflect.TypeFor[T](), true, "")}
}

// Read checks an object and reads it; an error names up to ten fields and their rules.
func (r *Rules[T]) Read(object map[string]json.RawMessage) (body T, err error) {
	data, err := json.Marshal(object)
	if err != nil {
		return body, entrepot.Invalid("row", "json", "is no JSON object")
	}
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		return body, entrepot.Invalid(hugeNumber(data), "maximum", "is a number too large")
	}
	result, path := &huma.ValidateResult{}, huma.NewPathBuffer(nil, 0)
	path.Push("body") // without it a missing field is named ".name"
	huma.Validate(r.registry, r.schema, path, huma.ModeWriteToServer, v, result)
	if len(result.Errors) > 0 {
		e := &entrepot.Error{Code: entrepot.CodeInvalid, Message: "the row breaks a rule"}
		for _, err := range result.Errors[:min(len(result.Errors), 10)] {
			e.Fields = append(e.Fields, fieldError(err))
		}
		return body, e
	}
	if err := json.Unmarshal(data, &body); err != nil {
		return body, entrepot.Invalid("row", "type", "has a value that does not fit")
	}
	return body, nil
}

// TooDeep reports whether JSON nests deeper than a request may.
func TooDeep(data []byte) bool { return depth(data) > maxDepth }
