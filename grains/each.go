package grains

import (
	"sync"

	"entrepot"
)

// askedAtOnce is how many grains one step asks side by side.
const askedAtOnce = 16

// Each makes one call of a step for each of a list, some side by side, and tells
// which were refused. It waits for all; the first error is that of the whole.
func Each[T any](list []T, call func(T) (refused bool, err error)) ([]bool, error) {
	no, errs, slots := make([]bool, len(list)), make([]error, len(list)), make(chan struct{}, askedAtOnce)
	var wg sync.WaitGroup
	for i := range list {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			no[i], errs[i] = call(list[i])
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return no, nil
}

// Refused tells an answer that says no for good, with one of the codes, from an
// error that says nothing yet.
func Refused(err error, codes ...entrepot.Code) (bool, error) {
	for _, code := range codes {
		if entrepot.CodeOf(err) == code {
			return true, nil
		}
	}
	return false, err
}
