package grains

import (
	"context"
	"slices"

	"entrepot"
)

// eachLimit is how many calls of one [Each] run side by side.
const eachLimit = 16

// Each makes one call for each item of a list, several side by side, and waits for all of them. It
// returns which calls were refused, in the list's order, or the first error.
func Each[T any](list []T, call func(T) (refused bool, err error)) ([]bool, error) {
	refused := make([]bool, len(list))
	// The calls bring their own context, so the first error ends none of them.
	err := FanOut(context.Background(), eachLimit, len(list), func(_ context.Context, i int) (err error) {
		refused[i], err = call(list[i])
		return err
	})
	if err != nil {
		return nil, err
	}
	return refused, nil
}

// Refused returns true for an error with one of the codes, which is a final refusal, and any other
// error as it is. It makes the result of a call in [Each].
func Refused(err error, codes ...entrepot.Code) (bool, error) {
	if err != nil && slices.Contains(codes, entrepot.CodeOf(err)) {
		return true, nil
	}
	return false, err
}
