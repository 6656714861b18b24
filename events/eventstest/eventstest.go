// Package eventstest is the test suite that every implementation of [events.Broker] must pass.
// [Run] runs it on a [Fixture]; [Log] is an in-memory [events.Log] for brokers that read from
// stores.
package eventstest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"entrepot"
	"entrepot/events"
)

// patience is the longest time a test waits for an expected result.
const patience = 30 * time.Second

// Fixture is a broker with empty storage of its own. Its constructor registers the cleanup with
// t.Cleanup.
type Fixture struct {
	Broker events.Broker
	// Inject passes a raw body with an event type to the broker.
	Inject func(typ string, body []byte)
	// Disturb interrupts what the broker depends on, or the broker itself, and returns the broker
	// to continue with. If it returns the same broker, declared queues and consumers must recover
	// by themselves.
	Disturb func() events.Broker
}

// Run runs the suite. It calls open once for each test.
func Run(t *testing.T, open func(t *testing.T) Fixture) {
	for name, test := range map[string]func(*testing.T, Fixture){
		"Patterns":             testPatterns,
		"Confirms":             testConfirms,
		"EmptyBatch":           testEmptyBatch,
		"DeclareAgain":         testDeclareAgain,
		"UndeclaredQueue":      testUndeclaredQueue,
		"OrderPerAggregate":    testOrder,
		"BatchesAreBounded":    testBatches,
		"RetryAfterDelay":      testRetry,
		"RetryBlocksNoOther":   testRetryBlocksNoOther,
		"DeadLetter":           testDeadLetter,
		"Permanent":            testPermanent,
		"Undecodable":          testUndecodable,
		"Unrouted":             testUnrouted,
		"WrongNumberOfResults": testWrongResults,
		"Panic":                testPanic,
		"Timeout":              testTimeout,
		"CompetingConsumers":   testCompeting,
		"StopWaits":            testStop,
		"Status":               testStatus,
		"Close":                testClose,
		"Disturbed":            testDisturbed,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// NewEvent returns a test event of an aggregate.
func NewEvent(typ, aggregate string, sequence int64) events.Envelope {
	return events.Envelope{
		ID: entrepot.NewID(), Type: typ, Version: 1,
		OccurredAt: time.Now().UTC().Truncate(time.Millisecond),
		CompanyID:  entrepot.DeriveID("company"),
		Actor:      events.Actor{UserID: entrepot.DeriveID("user"), Role: entrepot.Customer},
		Aggregate:  events.Aggregate{Kind: "Test", ID: entrepot.DeriveID(aggregate), Sequence: sequence},
		Data:       json.RawMessage(`{"note":"nothing of note"}`),
	}
}

// declare declares queues given as pairs of a name and a binding pattern.
func declare(t *testing.T, b events.Broker, pairs ...string) {
	t.Helper()
	var queues []events.Queue
	for pair := range slices.Chunk(pairs, 2) {
		queues = append(queues, events.Queue{Name: pair[0], Bindings: pair[1:]})
	}
	if err := b.Declare(deadline(t), queues); err != nil {
		t.Fatalf("Declare: %v", err)
	}
}

func deadline(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// publish publishes events of one aggregate and waits for the confirmation.
func publish(t *testing.T, b events.Broker, batch ...events.Envelope) {
	t.Helper()
	if err := tryPublish(b, batch...); err != nil {
		t.Fatalf("Publish: %v", err)
	}
}

func tryPublish(b events.Broker, batch ...events.Envelope) error {
	done := make(chan error, 1)
	b.Publish(batch, func(err error) { done <- err })
	select {
	case err := <-done:
		return err
	case <-time.After(patience):
		return fmt.Errorf("done was not called within %v", patience)
	}
}

// consume starts a consumer that is stopped at the end of the test.
func consume(
	t *testing.T, b events.Broker, queue string, o events.ConsumeOptions, h events.Handler,
) events.Subscription {
	t.Helper()
	if o.RetryDelay == 0 {
		o.RetryDelay = 30 * time.Millisecond
	}
	s, err := b.Consume(queue, o, h)
	if err != nil {
		t.Fatalf("Consume %s: %v", queue, err)
	}
	t.Cleanup(s.Stop)
	return s
}

// seen is a delivery recorded by a recorder.
type seen struct {
	id      entrepot.ID
	agg     entrepot.ID
	seq     int64
	typ     string
	attempt int
	at      time.Time
}

// recorder is a handler that records its deliveries. answer determines the results.
type recorder struct {
	answer func(*events.Delivery) error

	mu      sync.Mutex
	all     []seen
	longest int // size of the largest batch
	changed chan struct{}
}

func newRecorder(answer func(*events.Delivery) error) *recorder {
	if answer == nil {
		answer = func(*events.Delivery) error { return nil }
	}
	return &recorder{answer: answer, changed: make(chan struct{})}
}

func (r *recorder) handle(_ context.Context, batch []*events.Delivery) []error {
	results := make([]error, len(batch))
	r.note(batch)
	for i, d := range batch {
		results[i] = r.answer(d)
	}
	return results
}

func (r *recorder) note(batch []*events.Delivery) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.longest = max(r.longest, len(batch))
	for _, d := range batch {
		r.all = append(r.all, seen{d.ID, d.Aggregate.ID, d.Aggregate.Sequence, d.Type, d.Attempt, time.Now()})
	}
	close(r.changed)
	r.changed = make(chan struct{})
}

// wait waits until the recorded deliveries satisfy enough and returns them.
func (r *recorder) wait(t *testing.T, what string, enough func([]seen) bool) []seen {
	t.Helper()
	limit := time.After(patience)
	for {
		r.mu.Lock()
		all, changed := append([]seen(nil), r.all...), r.changed
		r.mu.Unlock()
		if enough(all) {
			return all
		}
		select {
		case <-changed:
		case <-limit:
			t.Fatalf("timed out waiting for %s; got %d deliveries: %.2000s", what, len(all), fmt.Sprint(all))
		}
	}
}

// waitFor waits until every event has been delivered.
func (r *recorder) waitFor(t *testing.T, ids ...entrepot.ID) []seen {
	t.Helper()
	return r.wait(t, "events", func(all []seen) bool { return len(missing(all, ids)) == 0 })
}

func missing(all []seen, ids []entrepot.ID) (lack []entrepot.ID) {
	have := map[entrepot.ID]bool{}
	for _, s := range all {
		have[s.id] = true
	}
	for _, id := range ids {
		if !have[id] {
			lack = append(lack, id)
		}
	}
	return lack
}

func times(all []seen, id entrepot.ID) (n int) {
	for _, s := range all {
		if s.id == id {
			n++
		}
	}
	return n
}

// eventually polls ok, for conditions that only an external server can observe.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(patience)
	for !ok() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("condition not met within %v: %s", patience, what)
		}
	}
}

// letters waits until a queue has n dead letters and returns them.
func letters(t *testing.T, b events.Broker, queue string, n int) (all []events.DeadLetter) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d dead letters of %s", n, queue), func() bool {
		var err error
		all, err = b.DeadLetters(deadline(t), queue, n+10)
		return err == nil && len(all) >= n
	})
	if len(all) != n {
		t.Fatalf("dead letters of %s: want %d, got %d", queue, n, len(all))
	}
	return all
}

// RunDisturbed runs only the test that publishes and consumes during interruptions, for
// interruptions that are slow or affect other tests.
func RunDisturbed(t *testing.T, f Fixture) { testDisturbed(t, f) }
