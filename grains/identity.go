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

// Identified makes props of a grain of a given id, as the cluster does when it
// places one. Tests use it to run grains without a cluster.
func Identified(props *actor.Props, kind, id string) *actor.Props {
	return cluster.WithClusterIdentity(props, cluster.NewClusterIdentity(id, kind))
}
