package events

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"entrepot/failpoint"
)

// errNoIdentity is the reason for a body that is JSON but not an envelope.
var errNoIdentity = errors.New("no eventId or type")

// ParseEnvelope decodes a body as it came from a broker or a log. Its error is
// the reason that a dead letter carries; no retry can cure it.
func ParseEnvelope(body []byte) (Envelope, error) {
	var e Envelope
	err := json.Unmarshal(body, &e)
	if err == nil && (e.ID == "" || e.Type == "") {
		err = errNoIdentity
	}
	if err != nil {
		return Envelope{}, Permanent(fmt.Errorf("undecodable: %w", err))
	}
	return e, nil
}

// Handle calls h as every broker must: within the timeout, with one result for
// each delivery, and with a panic turned into an error. A batch in which h
// panicked is handed over again one by one, so that the delivery which causes
// it fails alone; a handler is idempotent, so the repetition is harmless.
//
// A handler has to return when its context ends: nothing can end it from outside.
func Handle(h Handler, batch []*Delivery, timeout time.Duration) []error {
	results, panicked := handleOnce(h, batch, timeout)
	if !panicked || len(batch) == 1 {
		return results
	}
	for i := range batch {
		one, _ := handleOnce(h, batch[i:i+1:i+1], timeout)
		results[i] = one[0]
	}
	return results
}

func handleOnce(h Handler, batch []*Delivery, timeout time.Duration) (results []error, panicked bool) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	defer func() {
		if v := recover(); v != nil {
			panicked = true
			results = allFailed(len(batch), fmt.Errorf("handler panicked: %v", v))
		}
	}()
	hit("before-effect", batch)
	results = h(ctx, batch)
	hit("before-ack", batch)
	if len(results) != len(batch) {
		results = allFailed(len(batch), fmt.Errorf("handler gave %d results for %d deliveries", len(results), len(batch)))
	}
	return results, false
}

func hit(point string, batch []*Delivery) {
	for _, d := range batch {
		failpoint.Hit(point, d.Type)
	}
}

func allFailed(n int, err error) []error {
	results := make([]error, n)
	for i := range results {
		results[i] = err
	}
	return results
}

// Collect makes the batch of one call: first, and what has arrived behind it, or
// arrives within o.Linger before quit.
func Collect[T any](first T, inbox <-chan T, o ConsumeOptions, quit <-chan struct{}) []T {
	batch := append(make([]T, 0, min(len(inbox)+1, o.Batch)), first)
	if o.Linger > 0 {
		return linger(batch, inbox, o, quit)
	}
	for len(batch) < o.Batch {
		select {
		case it := <-inbox:
			batch = append(batch, it)
		default:
			return batch
		}
	}
	return batch
}

// linger waits for the batch to fill, as long as it may.
func linger[T any](batch []T, inbox <-chan T, o ConsumeOptions, quit <-chan struct{}) []T {
	t := time.NewTimer(o.Linger)
	defer t.Stop()
	for len(batch) < o.Batch {
		select {
		case it := <-inbox:
			batch = append(batch, it)
		case <-t.C:
			return batch
		case <-quit:
			return batch
		}
	}
	return batch
}
