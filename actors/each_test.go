package actors

import (
	"context"
	"errors"
	"slices"
	"testing"

	"entrepot/actors/actorstest"
	"entrepot/events"
)

// returning is a handler that records the events it saw and returns an error by event id.
func returning(seen *[]string, by map[string]error) events.Handler {
	return func(_ context.Context, batch []*events.Delivery) []error {
		out := make([]error, len(batch))
		for i, d := range batch {
			*seen = append(*seen, d.ID)
			out[i] = by[d.ID]
		}
		return out
	}
}

func TestEachRunsMatchingHandlersAndPrefersTemporaryErrors(t *testing.T) {
	t.Parallel()
	later, other, never := errors.New("later"), errors.New("other"), events.Permanent(errors.New("never"))
	var first, second, third []string
	h := Each(
		On(returning(&first, map[string]error{"a": later, "c": never}), "order.*", "user.deleted"),
		returning(&second, map[string]error{"a": other, "b": never, "c": later}),
		On(returning(&third, map[string]error{"b": later}), "inventory.updated"),
	)
	batch := []*events.Delivery{
		actorstest.Delivery("a", "order.created", "{}"), actorstest.Delivery("b", "product.created", "{}"),
		actorstest.Delivery("c", "user.deleted", "{}"), actorstest.Delivery("d", "order.line.moved", "{}"),
	}
	results := h(t.Context(), batch)
	for i, want := range []error{later, never, later, nil} {
		if !errors.Is(results[i], want) || (want == nil && results[i] != nil) {
			t.Errorf("%s: %v, want %v", batch[i].ID, results[i], want)
		}
	}
	if !slices.Equal(first, []string{"a", "c"}) || !slices.Equal(second, []string{"a", "b", "c", "d"}) || third != nil {
		t.Errorf("the handlers saw %v, %v, %v", first, second, third)
	}
}

func TestMissingResultsFailTheBatch(t *testing.T) {
	t.Parallel()
	silent := func(context.Context, []*events.Delivery) []error { return nil }
	batch := []*events.Delivery{actorstest.Delivery("a", "x", "{}"), actorstest.Delivery("b", "y", "{}")}
	if results := Each(silent)(t.Context(), batch); results[0] == nil || results[1] == nil {
		t.Errorf("%v", results)
	}
	if results := On(silent, "x")(t.Context(), batch); results[0] == nil || results[1] != nil {
		t.Errorf("%v", results)
	}
}
