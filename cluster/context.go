package cluster

import (
	"context"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/cluster"
)

// callContext gives code that calls through Proto.Actor's own Cluster.Request the rules of Member.Request.
type callContext struct{ m *Member }

var _ cluster.Context = callContext{}

// Request honours the timeout among the options. Retries are Member.Request's own, whatever the options
// say; a sender context, and so its middleware, is not used.
func (c callContext) Request(identity, kind string, message any, opts ...cluster.GrainCallOption) (any, error) {
	cfg := cluster.NewGrainCallOptions(c.m.cluster)
	for _, o := range opts {
		o(cfg)
	}
	ctx, cancel := context.WithTimeout(context.Background(), cfg.Timeout)
	defer cancel()
	return c.m.Request(ctx, kind, identity, message)
}

// RequestFuture sends once to the grain's activation, which it first finds or makes.
func (c callContext) RequestFuture(identity, kind string, message any, opts ...cluster.GrainCallOption) (*actor.Future, error) {
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
