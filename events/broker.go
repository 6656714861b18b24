package events

import (
	"context"
	"errors"
	"time"
)

// Exchange is the topic exchange that carries every event.
const Exchange = "ecommerce_exchange"

// UnroutedQueue keeps events that no queue is bound to.
const UnroutedQueue = "unrouted"

// Queue is a durable inbox of one service. Bindings are topic patterns:
// words between dots, * for one word, # for any number of words.
type Queue struct {
	Name     string
	Bindings []string
}

// DeadLetterQueue is where a queue's messages end after their last attempt, with their reason.
func DeadLetterQueue(queue string) string { return queue + ".dead" }

// Delivery is one event handed to a consumer. Attempt counts from 1.
type Delivery struct {
	Envelope
	Attempt int
	Body    []byte // the envelope's JSON as it came, for who keeps it; not to be changed
}

// Handler does the effect of a batch of deliveries, oldest first, and answers
// one result for each. Nil acknowledges. An error is delivered again after a
// delay, up to the delivery limit, then dead-lettered with the error's text;
// a [Permanent] error is dead-lettered at once. A handler must be idempotent:
// a delivery may come again after an acknowledgement was lost.
type Handler func(ctx context.Context, batch []*Delivery) []error

// ConsumeOptions bound one consumer. Zero values mean the defaults.
type ConsumeOptions struct {
	Batch       int           // most deliveries in one call, default 256
	Concurrency int           // calls at a time, each with its own aggregates, default 1
	RetryDelay  time.Duration // before the second attempt, doubling, default 1 s, at most 1 min
	MaxAttempts int           // then dead-lettered, default 8
	Timeout     time.Duration // of one call, default 30 s
	// Linger is how long a call waits for its batch to fill, default not at all:
	// for handlers that gain by large batches and that nobody waits for.
	Linger time.Duration
}

// WithDefaults fills in what is zero.
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

// Delay is the pause before the attempt that follows the given one.
func (o ConsumeOptions) Delay(attempt int) time.Duration {
	d := o.RetryDelay
	for range attempt - 1 {
		if d *= 2; d >= time.Minute {
			return time.Minute
		}
	}
	return d
}

// QueueStatus is a queue as an operator sees it.
type QueueStatus struct {
	Name    string `json:"name"`
	Ready   int64  `json:"ready"`   // events not yet delivered, or waiting for a retry
	Unacked int64  `json:"unacked"` // delivered and not yet acknowledged
}

// DeadLetter is an event that a queue gave up on.
type DeadLetter struct {
	Envelope
	Raw    []byte // the body as it came, also when it could not be decoded
	Reason string
}

// Broker carries events from outboxes to queues. Every implementation passes
// events/eventstest.
//
// Promises: an event whose Publish was confirmed reaches every queue bound to
// its type at least once, across restarts of the broker and of this process;
// first deliveries keep the order of one aggregate; a delayed retry may arrive
// after later events of its aggregate (consumers that care compare sequences).
type Broker interface {
	// Declare makes the exchange, the queues with their dead-letter queues and
	// the unrouted queue. Declaring again is harmless.
	Declare(ctx context.Context, queues []Queue) error
	// Publish hands over events of one aggregate in order and calls done once:
	// nil when the broker has them all durably, an error when that is not known
	// (publish again: consumers see a duplicate). It does not block on the network;
	// over its bound it calls done with an error at once.
	Publish(batch []Envelope, done func(error))
	// Consume delivers a queue to a handler until Stop or Close, reconnecting by
	// itself for ever. Consumers of one queue on several members take turns: one is
	// served and the others stand by, or the order of an aggregate could not hold.
	Consume(queue string, o ConsumeOptions, h Handler) (Subscription, error)
	// Status lists the declared queues, their dead-letter queues and unrouted.
	Status(ctx context.Context) ([]QueueStatus, error)
	// DeadLetters returns up to limit dead letters of a queue without removing them.
	DeadLetters(ctx context.Context, queue string, limit int) ([]DeadLetter, error)
	// Ping reports whether the broker can be reached now.
	Ping(ctx context.Context) error
	// Close stops everything it started and waits for it. Twice is harmless.
	Close() error
}

// Subscription is one running consumer.
type Subscription interface {
	// Stop ends deliveries, waits for the handler's running calls, and
	// acknowledges what they did. Twice is harmless.
	Stop()
}

// LogEntry is an event as a log keeps it: Seq grows within one log, with gaps.
type LogEntry struct {
	Seq  int64
	Type string
	Body []byte // the envelope's JSON
	// Envelope is the same decoded, where the log still has it; shared, not to be
	// changed. Else nil.
	Envelope *Envelope
}

// Log is a durable, ordered list of events that a store writes in the same
// transaction as its documents. A queue is a cursor over it.
type Log interface {
	// Name tells logs apart; a cursor is kept for each queue and name.
	Name() string
	// Read returns up to limit entries with Seq > after, in order.
	Read(ctx context.Context, after int64, limit int) ([]LogEntry, error)
	// Appended is signalled (never closed, capacity 1 per subscriber) after entries
	// were added. cancel ends the subscription.
	Appended() (signal <-chan struct{}, cancel func())
	// Trim removes entries with Seq <= upTo: every queue is past them.
	Trim(ctx context.Context, upTo int64) error
	// Last is the Seq of the newest entry, 0 for none ever.
	Last(ctx context.Context) (int64, error)
}

type permanentError struct{ error }

func (p permanentError) Unwrap() error { return p.error }

// Permanent marks an error that no retry can cure.
func Permanent(err error) error { return permanentError{err} }

// IsPermanent reports whether err was marked with [Permanent].
func IsPermanent(err error) bool {
	var p permanentError
	return errors.As(err, &p)
}
