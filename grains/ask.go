package grains

import (
	"context"
	"fmt"
	"hash/fnv"
	"time"

	"entrepot"
	"entrepot/grains/wire"

	"google.golang.org/protobuf/proto"
)

// Asker sends a command or query to a grain and waits for its answer.
type Asker interface {
	// Ask returns the reply or an *entrepot.Error. CodeUnavailable: certainly not
	// executed. CodeUnknownOutcome: it may have been; ask again with the same
	// command id. The context's deadline bounds the call (5 s without one).
	Ask(ctx context.Context, kind string, id entrepot.ID, cmd proto.Message) (proto.Message, error)
}

// Ask sends a command to a grain and returns its reply as R.
func Ask[R proto.Message](ctx context.Context, a Asker, kind string, id entrepot.ID, cmd proto.Message) (R, error) {
	var zero R
	m, err := a.Ask(ctx, kind, id, cmd)
	if err != nil {
		return zero, err
	}
	r, ok := m.(R)
	if !ok {
		return zero, fmt.Errorf("grains: %s answered %T to %T", kind, m, cmd)
	}
	return r, nil
}

// CommandID is how a command is known when it is tried again.
type CommandID struct {
	ID    string
	Keyed bool   // the client chose it (Idempotency-Key): the reply is kept 24 h
	Hash  uint64 // of what the client sent, to tell another content; 0: of the command itself
	// Replayed, if set, becomes true when the command had been executed before.
	Replayed *bool
}

type (
	commandKey struct{}
	traceKey   struct{}
	passingKey struct{}
)

// WithCommand returns a context whose next Ask carries the command id. Without
// one every Ask is a new command.
func WithCommand(ctx context.Context, id CommandID) context.Context {
	return context.WithValue(ctx, commandKey{}, id)
}

// WithTrace returns a context that carries a W3C traceparent to grains and events.
func WithTrace(ctx context.Context, traceparent string) context.Context {
	return context.WithValue(ctx, traceKey{}, traceparent)
}

// InPassing returns a context for commands to grains that nobody asks again soon,
// as those of an import: a grain that such a command has woken leaves memory as
// soon as it has nothing more to do. One that others ask too stays.
func InPassing(ctx context.Context) context.Context {
	return context.WithValue(ctx, passingKey{}, true)
}

// HashOf is the content hash for [CommandID].
func HashOf(content []byte) uint64 {
	h := fnv.New64a()
	h.Write(content)
	return h.Sum64() | 1 // never 0
}

const defaultDeadline = 5 * time.Second

// NewCommand makes the envelope of a command from what the context carries.
func NewCommand(ctx context.Context, body proto.Message) *wire.Command {
	id, _ := ctx.Value(commandKey{}).(CommandID)
	trace, _ := ctx.Value(traceKey{}).(string)
	passing, _ := ctx.Value(passingKey{}).(bool)
	c := &wire.Command{
		ID: id.ID, Keyed: id.Keyed, Hash: id.Hash, Caller: entrepot.CallerFrom(ctx), TraceParent: trace, Passing: passing, Body: body,
	}
	if c.ID == "" {
		c.ID = entrepot.NewID()
	}
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(defaultDeadline)
	}
	c.Deadline = deadline
	return c
}
