package rest

import (
	"context"
	"strings"
	"testing"
)

func TestRouteWithoutPermissionPanics(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("a route without a permission was made")
		}
	}()
	Bind(Route{ID: "x"}, func(context.Context, *struct{}) (*NoContent, error) { return nil, nil })
}

func TestUnmarshalNamesTheField(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"a":[1,{"b":1e999}]}`: "a[1].b", `1e999`: "body", `{`: "body", "": "body",
		strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40): "body",
	} {
		var v any
		f, ok := parseJSONError(errorText(unmarshal([]byte(body), &v)))
		if !ok || f.Field != want {
			t.Errorf("%.40s: %v names %q, want %q", body, ok, f.Field, want)
		}
	}
	var s struct{ N int64 }
	if f, ok := parseJSONError(errorText(unmarshal([]byte(`{"N":1.0}`), &s))); !ok || f.Field != "N" {
		t.Errorf("a fraction names %q", f.Field)
	}
	if d := depth([]byte(`{"a":"[[[[\"[[","b":[{}]}`)); d != 3 {
		t.Errorf("depth %d, want 3", d)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
