package grains

import (
	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/cluster"
)

// identity is the id that the cluster activated the actor for.
func identity(ctx actor.Context) string {
	if ci := cluster.GetClusterIdentity(ctx); ci != nil {
		return ci.Identity
	}
	return ""
}
