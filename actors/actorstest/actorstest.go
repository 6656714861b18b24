// Package actorstest has deliveries, an Asker that records commands, and other fixtures for the
// tests of actors.
package actorstest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/grains/wire"
)

// ID returns the n-th id of a kind. It is the same in every run.
func ID(kind string, n int) entrepot.ID { return entrepot.DeriveID(kind, fmt.Sprint(n)) }

// Customer returns the n-th customer, whose user id is ID("user", n).
func Customer(n int) entrepot.Caller {
	return entrepot.Caller{Role: entrepot.Customer, UserID: ID("user", n)}
}

// Delivery returns the first delivery of an event of order "o" of company "c". data is its JSON.
func Delivery(id, typ, data string) *events.Delivery {
	e := events.Envelope{
		ID: id, Type: typ, Version: 1, OccurredAt: time.UnixMilli(1_800_000_000_000).UTC(), CompanyID: "c",
		Actor:     events.Actor{UserID: "u", Role: entrepot.Customer},
		Aggregate: events.Aggregate{Kind: "Order", ID: "o", Sequence: 1}, Data: []byte(data),
	}
	body, err := json.Marshal(&e)
	if err != nil {
		panic(err) // data is not JSON
	}
	return &events.Delivery{Attempt: 1, Envelope: e, Body: body}
}

// Happened returns the events of these types from the member's log, as first deliveries.
func Happened(m *grainstest.Member, types ...string) (out []*events.Delivery) {
	for _, e := range m.Events() {
		if slices.Contains(types, e.Type) {
			out = append(out, &events.Delivery{Envelope: e, Attempt: 1})
		}
	}
	return out
}

// NoErrors stops the test at the first result that is an error.
func NoErrors(t *testing.T, results []error) {
	t.Helper()
	for i, err := range results {
		if err != nil {
			t.Fatalf("delivery %d: %v", i, err)
		}
	}
}

// Recorder is an Asker that records commands and returns what Answer returns, by default nil.
// It refuses callers other than the platform.
type Recorder struct {
	Answer func(any) error

	mu    sync.Mutex
	Kinds []string
	IDs   []string // entity id / command id
	Cmds  []any
}

// Ask records a command.
func (r *Recorder) Ask(
	ctx context.Context, to grains.Ref, message any, options ...grains.Option,
) (grains.Answer, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Kinds, r.Cmds = append(r.Kinds, to.Kind), append(r.Cmds, message)
	var c wire.Command
	for _, o := range options {
		o(&c)
	}
	r.IDs = append(r.IDs, to.ID+"/"+c.ID)
	switch {
	case entrepot.CallerFrom(ctx).Role != entrepot.System:
		return grains.Answer{}, errors.New("caller is not the platform")
	case r.Answer != nil:
		return grains.Answer{JSON: []byte("{}")}, r.Answer(message)
	default:
		return grains.Answer{JSON: []byte("{}")}, nil
	}
}
