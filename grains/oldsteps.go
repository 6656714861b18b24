package grains

import (
	"context"
	"fmt"

	"entrepot"
	"entrepot/events"
)

// OldStep is a step whose result is a command of the grain itself. It goes when every kind has a [Process].
type OldStep struct {
	Key string
	Do  func(ctx context.Context, a Asker) (any, error)
}

// Steps sets the old form of a process.
func Steps[P State](k *Kind, steps func(P) []OldStep) {
	k.process = append(k.process, row{
		due: func(s State) (keys []string) {
			for _, o := range steps(s.(P)) {
				keys = append(keys, o.Key)
			}
			return keys
		},
		do: func(ctx context.Context, a Asker, s State, of string) (any, error) {
			for _, o := range steps(s.(P)) {
				if o.Key == of {
					return o.Do(ctx, a)
				}
			}
			return nil, fmt.Errorf("no step %s", of)
		},
		then: func(s State, t entrepot.Turn, result any) ([]events.Event, error) {
			h := k.byType[typeOf(result)]
			if h == nil {
				return nil, fmt.Errorf("no handler of %T", result)
			}
			return h.decide(s, t, result)
		},
	})
}
