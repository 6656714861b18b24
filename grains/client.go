package grains

import (
	"context"
	"errors"
	"fmt"
	"time"

	"entrepot"
	"entrepot/grains/wire"

	"google.golang.org/protobuf/proto"
)

// Requester carries a message to a grain and its reply back; the cluster's
// member is one. Its errors tell by NotExecuted whether the message certainly
// was not executed.
type Requester interface {
	Request(ctx context.Context, kind, id string, msg any) (any, error)
}

// Client is the Asker over a cluster member.
type Client struct {
	Members Requester
	// NotExecuted reports whether an error of Members says so for certain.
	NotExecuted func(error) bool
}

// Ask sends one command and returns its reply.
func (c *Client) Ask(ctx context.Context, kind string, id entrepot.ID, body proto.Message) (proto.Message, error) {
	cmd := NewCommand(ctx, body)
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, cmd.Deadline)
		defer cancel()
	}
	r, err := c.Members.Request(ctx, kind, id, cmd)
	if err != nil {
		return nil, c.asError(err, kind)
	}
	reply, ok := r.(*wire.Reply)
	if !ok {
		return nil, fmt.Errorf("grains: %s answered with %T", kind, r)
	}
	if id, _ := ctx.Value(commandKey{}).(CommandID); id.Replayed != nil {
		*id.Replayed = reply.Replayed
	}
	if reply.Err != nil {
		return nil, reply.Err
	}
	return reply.Body, nil
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
			Message: "no answer in time; ask again with the same key",
		}
	}
}
