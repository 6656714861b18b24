package cluster

import (
	"context"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/cluster"
)

// callContext makes Proto.Actor's Cluster.Request behave like Member.Request.
type callContext struct{ m *Member }

var _ cluster.Context = callContext{}

// Request calls Member.Request with the timeout of the options. Their retry settings and sender context, and
// so its middleware, are ignored.
func (c callContext) Request(identity, kind string, message any, opts ...cluster.GrainCallOption) (any, error) {
	cfg := cluster.NewGrainCallOptions(c.m.cluster)
	for _, o := range opts {
		o(cfg)
	}
	ctx, cancel := context.WithTimeout(context.Background(), cfg.Timeout)
	defer cancel()
	return c.m.Request(ctx, kind, identity, message)
}

// RequestFuture finds or creates the grain's activation and sends to it once.
func (c callContext) RequestFuture(
	identity, kind string, message any, opts ...cluster.GrainCallOption,
) (*actor.Future, error) {
	cfg := cluster.NewGrainCallOptions(c.m.cluster)
	for _, o := range opts {
		o(cfg)
	}
	ctx, cancel := context.WithTimeout(context.Background(), cfg.Timeout)
	defer cancel()
	pid, err := c.m.locate(ctx, grainKey{kind, identity}, c.m.until(ctx))
	if err == nil && pid == nil {
		err = ErrUnreachable
	}
	if err != nil {
		return nil, &CallError{kind, identity, err}
	}
	return cfg.Context.RequestFuture(pid, message, cfg.Timeout), nil
}
