package mongostore

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestCodecGivesTheSameJSON checks that converting a state's JSON to BSON and back returns the same
// bytes.
func TestCodecGivesTheSameJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want, err := json.Marshal(map[string]any{"v": anyValue(3).Draw(t, "value")})
		if err != nil {
			t.Skip(err)
		}
		checkSame(t, want)
	})
	for _, text := range []string{
		`{}`, `{"":{}}`, `{"a":[]}`, `{"a":[[],[{}],null]}`, `{"a":-0}`, `{"a":0}`, `{"a":-0.0}`,
		`{"a":1.50}`, `{"a":19.90}`, `{"a":0.100}`, `{"a":1e400}`, `{"a":1E5}`, `{"a":1e5}`,
		`{"a":12345678901234567890}`, `{"a":-9223372036854775808}`, `{"a":9223372036854775807}`,
		`{"a":1e-7}`, `{"a":1e+21}`, `{"a":0.000001}`, `{"a":123456789012345678901234567890123456789012345.5}`,
		`{"a":"2026-03-01T12:00:00Z"}`, `{"a":"2026-03-01T12:00:00.1Z"}`, `{"a":"2026-03-01T12:00:00.120Z"}`,
		`{"a":"2026-03-01T12:00:00.1234Z"}`, `{"a":"2026-03-01T12:00:00+01:00"}`, `{"a":"0001-01-01T00:00:00Z"}`,
		`{"a":"9999-12-31T23:59:59.999Z"}`, `{"a":"2026-02-30T00:00:00Z"}`,
		`{"a":"0000-01-01T00:00:00Z"}`, `{"a":"0123456789abcdef01234567"}`, `{"a":"0123456789ABCDEF01234567"}`,
	} {
		checkSame(t, []byte(text))
	}
}

func checkSame(t rapid.TB, want []byte) {
	data, err := marshal(json.RawMessage(want))
	if err != nil {
		if strings.Contains(string(want), `\u0000`) && strings.Contains(err.Error(), "NUL") {
			return
		}
		t.Fatalf("marshal %s: %v", want, err)
	}
	got, err := documentToJSON(nil, data)
	if err != nil || string(got) != string(want) {
		t.Fatalf("round trip: want\n%s\ngot\n%s (error %v)", want, got, err)
	}
}

func anyValue(depth int) *rapid.Generator[any] {
	const timeLike = `20[0-9]{2}-0[1-9]-[012][0-9]T1[0-9]:[0-5][0-9]:[0-5][0-9](\.[0-9]{1,4})?(Z|\+01:00)`
	kinds := []*rapid.Generator[any]{
		rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.String().AsAny(),
		rapid.Int64().AsAny(), rapid.Float64().AsAny(),
		rapid.StringMatching(`[0-9a-f]{24}`).AsAny(), rapid.StringMatching(timeLike).AsAny(),
		rapid.Custom(func(t *rapid.T) any {
			return json.Number(rapid.StringMatching(`-?(0|[1-9][0-9]{0,40})(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?`).Draw(t, "n"))
		}),
	}
	if depth > 0 {
		kinds = append(kinds, rapid.SliceOfN(anyValue(depth-1), 0, 4).AsAny(),
			rapid.MapOfN(rapid.String(), anyValue(depth-1), 0, 4).AsAny())
	}
	return rapid.OneOf(kinds...)
}

func TestUnmarshalRefusesNonsense(t *testing.T) {
	good, err := marshal(map[string]any{"a": []any{1, "text", nil, map[string]any{"b": true}}})
	if err != nil {
		t.Fatal(err)
	}
	var v any
	s := &Store{}
	for i := range good {
		if s.Unmarshal(good[:i], &v) == nil {
			t.Errorf("Unmarshal of the first %d bytes of a document: want an error, got nil", i)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		_ = s.Unmarshal(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"), &v) // must not panic
		damaged := append([]byte{}, good...)
		damaged[rapid.IntRange(0, len(good)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "to")
		_ = s.Unmarshal(damaged, &v)
	})
}

func BenchmarkCodec(b *testing.B) {
	type line struct {
		SKU      string `json:"sku"`
		Quantity int64  `json:"quantity"`
		Note     string `json:"note"`
	}
	state := struct {
		ID    string `json:"id"`
		Lines []line `json:"lines"`
	}{ID: "0123456789abcdef01234567"}
	for range 8 {
		state.Lines = append(state.Lines, line{"0123456789abcdef01234567", 3, "a note of some length, as they are"})
	}
	s := &Store{}
	data, _ := s.Marshal(state)
	b.Run("marshal", func(b *testing.B) {
		for b.Loop() {
			_, _ = s.Marshal(state)
		}
	})
	b.Run("unmarshal", func(b *testing.B) {
		for b.Loop() {
			_ = s.Unmarshal(data, &state)
		}
	})
	b.Run("json", func(b *testing.B) {
		for b.Loop() {
			_, _ = json.Marshal(state)
		}
	})
}
