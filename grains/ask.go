package grains

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"time"

	"entrepot"
	"entrepot/grains/wire"
)

// Ref addresses one grain by its kind's name in the cluster and its id. Each grain package makes the
// refs of its kind, for example cart.Of(user).
type Ref struct {
	Kind string
	ID   entrepot.ID
}

// Message is a command or a query, passed by value. Its method declares the type of the reply, so that
// [Ask] infers it and a wrong one does not compile. Messages and replies travel within a member as Go
// values and between members as JSON, so only their exported fields arrive.
type Message[R any] interface{ Answers(R) }

// Done is the reply to a command that returns no data.
type Done struct{}

// Wake informs a grain that its wakeAt has passed. The host handles it for every kind; handling it
// twice is harmless.
type Wake struct{}

// Answers makes Wake a [Message].
func (Wake) Answers(Done) {}

const wakeName = "Wake"

// Asker sends messages to grains. [Ask] is the typed way to call it.
type Asker interface {
	// Ask sends a message and waits for the reply. The context's deadline bounds the call (5 s without
	// one). Errors are *entrepot.Error: CodeUnavailable means certainly not executed,
	// CodeUnknownOutcome possibly executed, to be sent again under the same command id.
	Ask(ctx context.Context, to Ref, message any, options ...Option) (Answer, error)
}

// Answer is an untyped reply: a Go value from this member, or JSON from another.
type Answer struct {
	Value    any
	JSON     []byte
	Replayed bool // the command had been executed before, under the same id
}

// Result is a typed reply.
type Result[R any] struct {
	Reply    R
	Replayed bool // the command had been executed before, under the same id
}

// Ask sends a command or a query to a grain and returns its reply, or an error as [Asker] does.
func Ask[C Message[R], R any](ctx context.Context, a Asker, to Ref, message C, options ...Option) (R, error) {
	r, err := Call(ctx, a, to, message, options...)
	return r.Reply, err
}

// Call is like [Ask] and also returns whether the command had been executed before.
func Call[C Message[R], R any](ctx context.Context, a Asker, to Ref, message C, options ...Option) (Result[R], error) {
	var r Result[R]
	answer, err := a.Ask(ctx, to, message, options...)
	if err != nil {
		return r, err
	}
	r.Replayed = answer.Replayed
	if answer.Value == nil {
		err = json.Unmarshal(answer.JSON, &r.Reply)
	} else if reply, ok := answer.Value.(R); ok {
		r.Reply = reply
	} else {
		err = fmt.Errorf("grains: %s replied with %T to %T", to.Kind, answer.Value, message)
	}
	return r, err
}

// Option changes how one message is sent.
type Option func(*wire.Command)

// As sets the id of a command, so that sending it again under this id executes it once. Without this
// option each call is a new command.
func As(id string) Option {
	return func(c *wire.Command) { c.ID = id }
}

// Keyed is like [As] for an id that a client chose (Idempotency-Key); the reply is kept for 24 hours.
// hash is the [HashOf] the client's request, or 0 to hash the message. The same id with another hash is
// refused with CodeKeyReused.
func Keyed(id string, hash uint64) Option {
	return func(c *wire.Command) { c.ID, c.Keyed, c.Hash = id, true, hash }
}

// Transient marks a message to a grain that is not expected to be used again soon, for example by an
// import. The grain leaves memory as soon as it rests, unless it is also used otherwise.
func Transient(c *wire.Command) { c.Transient = true }

type traceKey struct{}

// WithTrace returns a context that passes a W3C traceparent on to grains and their events.
func WithTrace(ctx context.Context, traceparent string) context.Context {
	return context.WithValue(ctx, traceKey{}, traceparent)
}

// HashOf returns the content hash for [Keyed]. It is never 0.
func HashOf(content []byte) uint64 {
	h := fnv.New64a()
	h.Write(content)
	return h.Sum64() | 1
}

const defaultDeadline = 5 * time.Second

// newCommand returns the envelope of a message, with the caller, trace and deadline of the context.
func newCommand(ctx context.Context, to Ref, message any, options []Option) *wire.Command {
	trace, _ := ctx.Value(traceKey{}).(string)
	c := &wire.Command{
		Kind: to.Kind, Grain: to.ID, Name: nameOf(message), Body: message,
		Caller: entrepot.CallerFrom(ctx), TraceParent: trace,
	}
	for _, o := range options {
		o(c)
	}
	if c.ID == "" {
		// A fresh id cannot be reused for other content, so the content needs no hash.
		c.ID, c.Hash = entrepot.NewID(), freshHash
	}
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(defaultDeadline)
	}
	c.Deadline = deadline
	return c
}

const freshHash = 1
