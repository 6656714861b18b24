package grains

import (
	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/cluster"
)

// identity returns the grain's id for which the cluster activated the actor.
func identity(ctx actor.Context) string {
	if ci := cluster.GetClusterIdentity(ctx); ci != nil {
		return ci.Identity
	}
	return ""
}
