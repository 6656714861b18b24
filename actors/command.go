package actors

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
)

// AsSystem returns a context whose commands come from the platform itself, with the event's id
// as the request id, and continue the event's trace.
func AsSystem(ctx context.Context, d *events.Delivery) context.Context {
	return entrepot.WithCaller(grains.WithTrace(ctx, d.TraceParent), entrepot.SystemCaller(d.ID))
}

// Malformed returns the permanent error of an event that could not be decoded (err) or, if err is
// nil, that lacks the field.
func Malformed(d *events.Delivery, err error, field string) error {
	if err != nil {
		return events.Permanent(fmt.Errorf("%s: %w", d.Type, err))
	}
	return events.Permanent(fmt.Errorf("%s: %s is missing", d.Type, field))
}

// concurrentCommands bounds the commands that one batch has in flight.
const concurrentCommands = 64

// CommandPerEvent returns a handler that turns each event into at most one command. A nil command
// means that the event needs none. The command's id is the event's id, so a second delivery
// repeats the same command. Commands for events of the same aggregate are sent in order, others
// concurrently.
//
// Errors that no retry can cure (invalid, conflict, not found, key reused) are permanent.
func CommandPerEvent(
	a grains.Asker, react func(*events.Delivery) (to grains.Ref, cmd any, err error),
) events.Handler {
	handle := func(ctx context.Context, d *events.Delivery) error {
		to, cmd, err := react(d)
		if err != nil || cmd == nil {
			return err
		}
		_, err = a.Ask(AsSystem(ctx, d), to, cmd, grains.As(d.ID))
		switch entrepot.CodeOf(err) {
		case entrepot.CodeInvalid, entrepot.CodeConflict, entrepot.CodeNotFound, entrepot.CodeKeyReused:
			return events.Permanent(err)
		}
		return err
	}
	return func(ctx context.Context, batch []*events.Delivery) []error {
		results := make([]error, len(batch))
		byAggregate := map[entrepot.ID][]int{}
		for i, d := range batch {
			byAggregate[d.Aggregate.ID] = append(byAggregate[d.Aggregate.ID], i)
		}
		lanes := slices.Collect(maps.Values(byAggregate))
		_ = FanOut(ctx, concurrentCommands, lanes, func(ctx context.Context, lane []int) error {
			for _, i := range lane {
				results[i] = handle(ctx, batch[i])
			}
			return nil // the errors are in results
		})
		return results
	}
}

// FanOut is [grains.FanOut] for the items of a list.
func FanOut[T any](ctx context.Context, limit int, items []T, do func(ctx context.Context, item T) error) error {
	return grains.FanOut(ctx, limit, len(items), func(ctx context.Context, i int) error { return do(ctx, items[i]) })
}
