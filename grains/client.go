package grains

import (
	"context"
	"errors"
	"fmt"
	"time"

	"entrepot"
	"entrepot/grains/wire"
)

// Requester sends a message to a grain and returns its reply, as the cluster's member does.
// [Client.NotExecuted] classifies its errors.
type Requester interface {
	Request(ctx context.Context, kind, id string, msg any) (any, error)
}

// Client implements [Asker] over a cluster member.
type Client struct {
	Members Requester
	// NotExecuted reports whether an error of Members means that the message was
	// certainly not executed.
	NotExecuted func(error) bool
}

// Ask sends one message and returns the reply, or an *entrepot.Error as [Asker] requires.
func (c *Client) Ask(ctx context.Context, to Ref, message any, options ...Option) (Answer, error) {
	cmd := newCommand(ctx, to, message, options)
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, cmd.Deadline)
		defer cancel()
	}
	r, err := c.Members.Request(ctx, to.Kind, to.ID, cmd)
	if err != nil {
		return Answer{}, c.asError(err, to.Kind)
	}
	reply, ok := r.(*wire.Reply)
	switch {
	case !ok:
		return Answer{}, fmt.Errorf("grains: %s replied with %T instead of *wire.Reply", to.Kind, r)
	case reply.Err != nil:
		return Answer{Replayed: reply.Replayed}, reply.Err
	default:
		return Answer{Value: reply.Body, JSON: reply.JSON, Replayed: reply.Replayed}, nil
	}
}

func (c *Client) asError(err error, kind string) error {
	var known *entrepot.Error
	switch {
	case errors.As(err, &known):
		return known
	case c.NotExecuted != nil && c.NotExecuted(err):
		return entrepot.Unavailable("no member hosts %s right now", kind)
	default:
		return &entrepot.Error{
			Code: entrepot.CodeUnknownOutcome, RetryAfter: time.Second,
			Message: "no reply in time; ask again with the same key",
		}
	}
}
