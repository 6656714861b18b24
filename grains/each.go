package grains

import (
	"fmt"
	"runtime/debug"
	"slices"

	"entrepot"

	"golang.org/x/sync/errgroup"
)

// eachLimit is how many calls of one [Each] run side by side.
const eachLimit = 16

// Each makes one call for each item of a list, several side by side, and waits for all of them. It
// returns which calls were refused, in the list's order, or the first error.
func Each[T any](list []T, call func(T) (refused bool, err error)) ([]bool, error) {
	refused := make([]bool, len(list))
	var g errgroup.Group
	g.SetLimit(eachLimit)
	for i, item := range list {
		g.Go(func() (err error) {
			defer func() {
				if r := recover(); r != nil { // a panic would end the process, wherever the step runs again
					err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
				}
			}()
			refused[i], err = call(item)
			return err
		})
	}
	if err := g.Wait(); err != nil {
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
