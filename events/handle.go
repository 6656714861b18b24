package events

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"entrepot/test/failpoint"
)

// errNoIdentity is the error for a body that is valid JSON but not an envelope.
var errNoIdentity = errors.New("no eventId or type")

// ParseEnvelope decodes a body received from a broker or a log. Its error is [Permanent] and
// becomes the reason of the dead letter.
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

// Handle calls h for a broker: with a timeout, with exactly one result per delivery, and with
// panics turned into errors. If h panics, the deliveries of the batch are handed over again one by
// one, so that only the one that causes the panic fails. Handlers are idempotent, so the repetition
// is harmless.
//
// A handler must return when its context ends, because it cannot be stopped from outside.
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
		err := fmt.Errorf("handler returned %d results for %d deliveries", len(results), len(batch))
		results = allFailed(len(batch), err)
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

// Collect builds the batch of one call: first, followed by the items that are already in inbox or
// arrive within o.Linger. It stops waiting when quit is closed.
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

// linger waits up to o.Linger for the batch to fill.
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
