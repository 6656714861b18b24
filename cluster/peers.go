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

// notices is the process that hears what other members have to say or ask:
//
//   - ActivationTerminated: an activation that this member has cached is gone; without an identity, all
//     activations of a member that leaves are;
//   - a StringValue with a member's id: "do you still count me in?", answered with a BoolValue.
type notices struct{ m *Member }

// SendUserMessage runs on the sender's goroutine: it may not block.
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

// SendSystemMessage ignores: it watches nobody.
func (notices) SendSystemMessage(*actor.PID, any) {}

// Stop ignores: it lives as long as the actor system.
func (notices) Stop(*actor.PID) {}

// farewell tells the others that no activation is left here, and returns when nothing that concerns them is
// on its way any more. Messages between two members arrive in order. So when a peer has answered the first
// question, it has sent here all it will; and when it has answered the second, it has got all answers to
// that. A call that still waits then was executed and not answered.
func (m *Member) farewell(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	for _, peer := range m.lookup.view().members {
		if peer.Address != m.address {
			m.system.Root.Send(actor.NewPID(peer.Address, noticeName), &cluster.ActivationTerminated{Pid: m.lookup.placement})
		}
	}
	m.pollPeers(ctx)
	m.pollPeers(ctx)
}

// pollPeers asks all other members of the current view at once whether they count this one in, until ctx
// ends, which must have a deadline. Members that do not answer are neither yes nor no.
func (m *Member) pollPeers(ctx context.Context) (yes, no, asked int) {
	answers := make(chan any)
	for _, peer := range m.lookup.view().members {
		if peer.Address == m.address {
			continue
		}
		asked++
		go func() {
			answer, _ := m.desk.ask(ctx, actor.NewPID(peer.Address, noticeName), wrapperspb.String(m.system.ID), time.Time{})
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

// self is this member in Proto.Actor's terms. Its host is cut from the address, so that joining the two
// again gives the address that the others use.
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

// publish makes members the membership; the same list again changes nothing. Those that are leaving own no
// grains any more but still answer what they have: Proto.Actor is told to cut them off only when they are
// gone, for it drops the messages that wait for a member it cuts off.
func (m *Member) publish(members cluster.Members, leaving map[string]bool) {
	m.lookup.route(newView(slices.DeleteFunc(slices.Clone(members), func(p *cluster.Member) bool { return leaving[p.Id] })))
	m.cluster.MemberList.UpdateClusterTopology(members)
}
