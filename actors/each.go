package actors

import (
	"context"
	"fmt"

	"entrepot/events"
)

// Each combines the handlers of one queue into one handler. Every handler gets every batch, one
// after the other; [On] restricts a handler to some event types.
//
// The result of a delivery is the first error, but temporary errors win over permanent ones: a
// permanent failure of one handler must not cost another its retry. A retry repeats the handlers
// that succeeded too, which is harmless because handlers are idempotent.
func Each(all ...events.Handler) events.Handler {
	return func(ctx context.Context, batch []*events.Delivery) []error {
		results := make([]error, len(batch))
		for _, h := range all {
			for i, err := range checked(h(ctx, batch), len(batch)) {
				if results[i] == nil || (err != nil && events.IsPermanent(results[i]) && !events.IsPermanent(err)) {
					results[i] = err
				}
			}
		}
		return results
	}
}

// On restricts a handler to the events whose type matches one of the patterns, which have the
// syntax of queue bindings. The handler is not called with an empty batch.
func On(h events.Handler, patterns ...string) events.Handler {
	return func(ctx context.Context, batch []*events.Delivery) []error {
		results := make([]error, len(batch))
		var matching []*events.Delivery
		var at []int // the index of each matching delivery in batch
		for i, d := range batch {
			if matchesAny(patterns, d.Type) {
				matching, at = append(matching, d), append(at, i)
			}
		}
		if len(matching) == 0 {
			return results
		}
		for j, err := range checked(h(ctx, matching), len(matching)) {
			results[at[j]] = err
		}
		return results
	}
}

// EachOf returns a handler that handles the deliveries of a batch one by one.
func EachOf(handle func(context.Context, *events.Delivery) error) events.Handler {
	return func(ctx context.Context, batch []*events.Delivery) []error {
		results := make([]error, len(batch))
		for i, d := range batch {
			results[i] = handle(ctx, d)
		}
		return results
	}
}

func matchesAny(patterns []string, typ string) bool {
	for _, p := range patterns {
		if p == typ || events.Match(p, typ) {
			return true
		}
	}
	return false
}

// checked returns the results if there is one for each delivery, else an error for each.
func checked(results []error, n int) []error {
	if len(results) == n {
		return results
	}
	wrong := make([]error, n)
	for i := range wrong {
		wrong[i] = fmt.Errorf("actors: handler returned %d results for %d deliveries", len(results), n)
	}
	return wrong
}
