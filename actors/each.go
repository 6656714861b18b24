package actors

import (
	"context"
	"fmt"

	"entrepot/events"
)

// Each makes the handlers of one queue one handler. Each of them gets every
// batch, one after the other; which events a handler is for it says itself, or
// [On] says for it. A delivery's result is the first error, but one that a retry
// may cure before one that none can: a handler that failed for now is not robbed
// of its retry by another that failed for good. Whoever succeeded sees the retry
// too, which is harmless as handlers are idempotent.
func Each(all ...events.Handler) events.Handler {
	return func(ctx context.Context, batch []*events.Delivery) []error {
		results := make([]error, len(batch))
		for _, h := range all {
			for i, err := range answered(h(ctx, batch), len(batch)) {
				if results[i] == nil || (err != nil && events.IsPermanent(results[i]) && !events.IsPermanent(err)) {
					results[i] = err
				}
			}
		}
		return results
	}
}

// On narrows a handler to the events whose type matches one of the patterns, as
// of a queue's bindings. It is not called with an empty batch.
func On(h events.Handler, patterns ...string) events.Handler {
	return func(ctx context.Context, batch []*events.Delivery) []error {
		results := make([]error, len(batch))
		var meant []*events.Delivery
		var at []int
		for i, d := range batch {
			if matchesOne(patterns, d.Type) {
				meant, at = append(meant, d), append(at, i)
			}
		}
		if len(meant) == 0 {
			return results
		}
		for j, err := range answered(h(ctx, meant), len(meant)) {
			results[at[j]] = err
		}
		return results
	}
}

func matchesOne(patterns []string, typ string) bool {
	for _, p := range patterns {
		if p == typ || events.Match(p, typ) {
			return true
		}
	}
	return false
}

// answered are the results of a handler, which must be one for each delivery.
func answered(results []error, n int) []error {
	if len(results) == n {
		return results
	}
	wrong := make([]error, n)
	for i := range wrong {
		wrong[i] = fmt.Errorf("actors: a handler gave %d results for %d deliveries", len(results), n)
	}
	return wrong
}

// eachOf handles the deliveries of a batch one by one.
func eachOf(handle func(context.Context, *events.Delivery) error) events.Handler {
	return func(ctx context.Context, batch []*events.Delivery) []error {
		results := make([]error, len(batch))
		for i, d := range batch {
			results[i] = handle(ctx, d)
		}
		return results
	}
}
