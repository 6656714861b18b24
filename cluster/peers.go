package cluster

import (
	"context"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/cluster"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

const noticeName = "member"

// notices is the process that receives messages from other members:
//
//   - ActivationTerminated: an activation cached here has ended; without an identity, all activations of a
//     leaving member have;
//   - a StringValue with a member's id asks whether this member lists it; the reply is a BoolValue.
type notices struct{ m *Member }

// SendUserMessage handles a message on the sender's goroutine, so it must not block.
func (n notices) SendUserMessage(_ *actor.PID, message any) {
	_, msg, sender := actor.UnwrapEnvelope(message)
	switch msg := msg.(type) {
	case *cluster.ActivationTerminated:
		if msg.Pid == nil {
			return
		}
		if ci := msg.ClusterIdentity; ci != nil {
			n.m.cache.drop(grainKey{ci.Kind, ci.Identity}, msg.Pid)
		} else {
			n.m.cache.dropMember(msg.Pid.Address)
		}
	case *wrapperspb.StringValue:
		if sender != nil {
			n.m.system.Root.Send(sender, wrapperspb.Bool(n.m.lookup.view().contains(msg.Value)))
		}
	}
}

// SendSystemMessage does nothing: notices watches no actor.
func (notices) SendSystemMessage(*actor.PID, any) {}

// Stop does nothing: notices lives as long as the actor system.
func (notices) Stop(*actor.PID) {}

// farewell notifies the others that no activation is left here, and returns when no message between them and
// this member is in flight. Messages between two members arrive in order, so two polls suffice: a peer that has
// replied to the first has sent its last request here, and one that has replied to the second has received all
// replies to those. A call that still waits then was executed without a reply.
func (m *Member) farewell(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	for _, peer := range m.lookup.view().members {
		if peer.Address != m.address {
			to := actor.NewPID(peer.Address, noticeName)
			m.system.Root.Send(to, &cluster.ActivationTerminated{Pid: m.lookup.placement})
		}
	}
	m.pollPeers(ctx)
	m.pollPeers(ctx)
}

// pollPeers asks all other members of the current view concurrently whether they list this one, and counts their
// replies until ctx ends, which must have a deadline. Members without a reply count only in asked.
func (m *Member) pollPeers(ctx context.Context) (yes, no, asked int) {
	answers := make(chan any)
	for _, peer := range m.lookup.view().members {
		if peer.Address == m.address {
			continue
		}
		asked++
		go func() {
			answer, _ := m.replies.ask(ctx, actor.NewPID(peer.Address, noticeName), wrapperspb.String(m.system.ID), time.Time{})
			answers <- answer
		}()
	}
	for range asked {
		if b, ok := (<-answers).(*wrapperspb.BoolValue); !ok {
			continue
		} else if b.Value {
			yes++
		} else {
			no++
		}
	}
	return yes, no, asked
}

// self returns this member as Proto.Actor describes it. Host and port are split from the address, so that
// joining them gives the address that the others use.
func (m *Member) self() *cluster.Member {
	host, port, _ := net.SplitHostPort(m.address)
	if net.ParseIP(host) != nil && net.ParseIP(host).To4() == nil {
		host = "[" + host + "]"
	}
	n, _ := strconv.Atoi(port)
	kinds := make([]string, 0, len(m.cfg.Kinds))
	for _, k := range m.cfg.Kinds {
		kinds = append(kinds, k.Name)
	}
	return &cluster.Member{Id: m.system.ID, Host: host, Port: int32(n), Kinds: kinds} //nolint:gosec // a port
}

// publish replaces the membership; publishing the same list again changes nothing. Leaving members own no grains
// but still complete their requests. They stay in Proto.Actor's list until they are gone, because it drops the
// messages queued for a member that it removes.
func (m *Member) publish(members cluster.Members, leaving map[string]bool) {
	owners := slices.DeleteFunc(slices.Clone(members), func(p *cluster.Member) bool { return leaving[p.Id] })
	m.lookup.route(newView(owners))
	m.cluster.MemberList.UpdateClusterTopology(members)
}
