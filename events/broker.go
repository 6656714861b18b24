package events

import (
	"context"
	"errors"
	"time"
)

// Exchange is the topic exchange that carries every event.
const Exchange = "ecommerce_exchange"

// UnroutedQueue keeps events that match no queue's bindings.
const UnroutedQueue = "unrouted"

// Queue is a durable inbox of one service. Bindings are topic patterns: words separated by dots,
// where * matches one word and # any number of words.
type Queue struct {
	Name     string
	Bindings []string
}

// DeadLetterQueue returns the name of the queue that keeps a queue's failed messages together with
// the reason.
func DeadLetterQueue(queue string) string { return queue + ".dead" }

// Delivery is one event handed to a consumer. Attempt counts from 1.
type Delivery struct {
	Envelope
	Attempt int
	Body    []byte // the envelope's JSON as received, for consumers that store it; read-only
}

// Handler processes a batch of deliveries, oldest first, and returns one result for each. Nil
// acknowledges the delivery. After an error it is delivered again with a delay, up to the attempt
// limit, and then dead-lettered with the error's text; after a [Permanent] error it is
// dead-lettered at once. Handlers must be idempotent, because a delivery repeats when its
// acknowledgement is lost.
type Handler func(ctx context.Context, batch []*Delivery) []error

// ConsumeOptions configures one consumer. Zero values select the defaults.
type ConsumeOptions struct {
	Batch       int           // maximum deliveries in one call, default 256
	Concurrency int           // parallel calls, each with its own aggregates, default 1
	RetryDelay  time.Duration // before the second attempt, default 1 s; doubles with each attempt up to 1 min
	MaxAttempts int           // attempts before dead-lettering, default 8
	Timeout     time.Duration // of one call, default 30 s
	// Linger is how long a call waits for its batch to fill, default 0. It suits handlers that
	// profit from large batches and whose effect is not urgent.
	Linger time.Duration
}

// WithDefaults returns the options with zero values replaced by the defaults.
func (o ConsumeOptions) WithDefaults() ConsumeOptions {
	if o.Batch <= 0 {
		o.Batch = 256
	}
	if o.Concurrency <= 0 {
		o.Concurrency = 1
	}
	if o.RetryDelay <= 0 {
		o.RetryDelay = time.Second
	}
	if o.MaxAttempts <= 0 {
		o.MaxAttempts = 8
	}
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	return o
}

// Delay returns the pause between the given attempt and the next one.
func (o ConsumeOptions) Delay(attempt int) time.Duration {
	d := o.RetryDelay
	for range attempt - 1 {
		if d *= 2; d >= time.Minute {
			return time.Minute
		}
	}
	return d
}

// QueueStatus describes a queue for an operator.
type QueueStatus struct {
	Name    string `json:"name"`
	Ready   int64  `json:"ready"`   // events not yet delivered, or waiting for a retry
	Unacked int64  `json:"unacked"` // delivered and not yet acknowledged
}

// DeadLetter is an event that a queue has given up on.
type DeadLetter struct {
	Envelope
	Raw    []byte // the body as received, even if it could not be decoded
	Reason string
}

// Broker carries events from outboxes to queues. Every implementation passes
// events/eventstest.
//
// Guarantees: an event whose Publish was confirmed reaches every queue bound to its type at least
// once, across restarts of the broker and of this process. First deliveries keep the order of an
// aggregate; a delayed retry may arrive after later events of its aggregate, so consumers that
// depend on the order compare sequences.
type Broker interface {
	// Declare creates the exchange, the queues with their dead-letter queues, and the unrouted
	// queue. Repeated calls are harmless.
	Declare(ctx context.Context, queues []Queue) error
	// Publish sends events of one aggregate in order and calls done once: with nil when the broker
	// has stored all of them durably, with an error when that is not known (publish again;
	// consumers may see duplicates). It does not block on the network; above its limit of pending
	// events it calls done with an error at once.
	Publish(batch []Envelope, done func(error))
	// Consume delivers a queue to a handler until Stop or Close and reconnects by itself. Of
	// several consumers of one queue, on different members, only one is active and the others stand
	// by; otherwise the order of an aggregate would be lost.
	Consume(queue string, o ConsumeOptions, h Handler) (Subscription, error)
	// Status returns the declared queues, their dead-letter queues and the unrouted queue.
	Status(ctx context.Context) ([]QueueStatus, error)
	// DeadLetters returns up to limit dead letters of a queue without removing them.
	DeadLetters(ctx context.Context, queue string, limit int) ([]DeadLetter, error)
	// Ping returns an error if the broker cannot be reached now.
	Ping(ctx context.Context) error
	// Close stops everything the broker started and waits for it. Repeated calls are harmless.
	Close() error
}

// Subscription is one running consumer.
type Subscription interface {
	// Stop ends deliveries, waits for running handler calls and acknowledges their results.
	// Repeated calls are harmless.
	Stop()
}

// LogEntry is an event in a log. Seq increases within one log, with gaps.
type LogEntry struct {
	Seq  int64
	Type string
	Body []byte // the envelope's JSON
	// Envelope is the decoded Body if the log still has it, otherwise nil. It is shared and
	// read-only.
	Envelope *Envelope
}

// Log is a durable, ordered list of events that a store writes in the same transaction as its
// documents. A queue is a cursor over it.
type Log interface {
	// Name identifies the log; each queue keeps one cursor per log name.
	Name() string
	// Read returns up to limit entries with Seq > after, in ascending order.
	Read(ctx context.Context, after int64, limit int) ([]LogEntry, error)
	// Appended returns a channel of capacity 1 that is signalled, and never closed, after entries
	// were added. cancel ends the subscription.
	Appended() (signal <-chan struct{}, cancel func())
	// Trim removes entries with Seq <= upTo, which every queue has passed.
	Trim(ctx context.Context, upTo int64) error
	// Last returns the Seq of the newest entry, or 0 if the log never had any.
	Last(ctx context.Context) (int64, error)
}

type permanentError struct{ error }

func (p permanentError) Unwrap() error { return p.error }

// Permanent marks err as one that retrying cannot fix.
func Permanent(err error) error { return permanentError{err} }

// IsPermanent reports whether err was marked with [Permanent].
func IsPermanent(err error) bool {
	var p permanentError
	return errors.As(err, &p)
}
