package cluster

import (
	"context"

	"github.com/asynkron/protoactor-go/cluster"
)

// solo is the membership of a one-member cluster.
type solo struct{}

func (*solo) join(_ context.Context, m *Member) error {
	m.publish(cluster.Members{m.self()}, nil)
	return nil
}

func (*solo) confirm(context.Context) error { return nil }
func (*solo) suspect(string)                {}
func (*solo) announce(context.Context)      {}
func (*solo) leave(context.Context) error   { return nil }

// StartMember, StartClient and Shutdown satisfy Proto.Actor's interface; join and leave do their work.
func (*solo) StartMember(*cluster.Cluster) error { return nil }
func (*solo) StartClient(*cluster.Cluster) error { return nil }
func (*solo) Shutdown(bool) error                { return nil }
