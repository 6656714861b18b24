package cluster

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/cluster"
	"github.com/asynkron/protoactor-go/remote"
)

const placementName = "placement"

// lookup answers where a grain lives: rendezvous over the current view, then the owner's placement actor.
// It stands in for Proto.Actor's disthash, which scans all activations whenever one ends, activates
// whatever it is asked, and hands out activations that are on their way out.
type lookup struct {
	m         *Member
	current   atomic.Pointer[view]
	placement *actor.PID
	kinds     map[string]*actor.Props
	spawning  *cluster.ClusterIdentity // of the grain that the placement actor is making; its goroutine only
}

var _ cluster.IdentityLookup = (*lookup)(nil)

func newLookup(m *Member) *lookup {
	l := &lookup{m: m, kinds: map[string]*actor.Props{}}
	l.current.Store(newView(nil))
	return l
}

// view is the membership now; never nil.
func (l *lookup) view() *view { return l.current.Load() }

func (l *lookup) owner(k grainKey) string { return l.view().owner(k) }

// Setup starts this member's placement and follows the membership.
func (l *lookup) Setup(c *cluster.Cluster, _ []string, isClient bool) {
	for _, k := range l.m.cfg.Kinds {
		l.kinds[k.Name] = l.grainProps(k)
	}
	if !isClient {
		pid, err := c.ActorSystem.Root.SpawnNamed(actor.PropsFromProducer(func() actor.Actor {
			return newPlacement(l)
		}), placementName)
		if err != nil {
			panic(err) // the name is taken: Start turns it into an error
		}
		l.placement = pid
	}
	c.ActorSystem.EventStream.Subscribe(l.observe)
}

// grainProps adds to a kind's own props what every grain has. The identity is set while the placement
// actor spawns, on its goroutine, which is why one Props serves all grains of a kind: a clone for each, as
// cluster.WithClusterIdentity makes it, is a kilobyte an activation.
func (l *lookup) grainProps(k Kind) *actor.Props {
	props := k.Props.Clone(
		actor.WithMailbox(newMailbox(l.m.system, l.m.gate, l.m.cfg.MailboxBound)),
		actor.WithOnInit(func(ctx actor.Context) { cluster.SetClusterIdentity(ctx, l.spawning) }),
	)
	return cluster.NewKind(k.Name, props).Props
}

// route puts a new view in force, unless it says what the current one says. One goroutine at a time.
func (l *lookup) route(v *view) {
	old := l.view()
	if v.same(old) {
		return
	}
	l.current.Store(v)
	close(old.changed)
	l.m.system.Root.Send(l.placement, rerouted{})
}

// observe hears Proto.Actor's events, on the goroutine of whoever publishes them.
func (l *lookup) observe(event any) {
	switch e := event.(type) {
	case *cluster.ClusterTopology:
		for _, m := range e.Left {
			l.m.gone(m.Address())
		}
	case *remote.EndpointTerminatedEvent:
		l.m.desk.lose(e.Address)
		if slices.ContainsFunc(l.view().members, func(p MemberInfo) bool { return p.Address == e.Address }) {
			l.m.provider.suspect(e.Address)
		}
	case *actor.SupervisorEvent:
		l.m.cfg.Logger.Error("cluster: an actor failed", "actor", e.Child.Id, "directive", e.Directive.String(), "reason", e.Reason)
	}
}

// activate asks the owner for the grain's activation. nil means: not now (it is not the owner any more, or
// unreachable); nothing was executed in any case.
func (l *lookup) activate(ctx context.Context, k grainKey, owner string, until time.Time) *actor.PID {
	to := l.placement
	if owner != l.m.address {
		to = actor.NewPID(owner, placementName)
	}
	req := &cluster.ActivationRequest{ClusterIdentity: &cluster.ClusterIdentity{Kind: k.kind, Identity: k.id}}
	answer, err := l.m.desk.ask(ctx, to, req, until)
	if err != nil {
		return nil
	}
	if r, ok := answer.(*cluster.ActivationResponse); ok && !r.Failed {
		return r.Pid
	}
	return nil
}

// Get serves Proto.Actor's own Cluster.Get; nil when the grain cannot be activated within 5 s.
func (l *lookup) Get(ci *cluster.ClusterIdentity) *actor.PID {
	k := grainKey{ci.Kind, ci.Identity}
	owner := l.owner(k)
	if owner == "" {
		return nil
	}
	return l.activate(context.Background(), k, owner, time.Now().Add(defaultTimeout))
}

// RemovePid forgets where the grain was.
func (l *lookup) RemovePid(ci *cluster.ClusterIdentity, pid *actor.PID) {
	l.m.cache.drop(grainKey{ci.Kind, ci.Identity}, pid)
}

// Shutdown has nothing to do: Member.Stop drains and stops the placement, bounded by its context.
func (l *lookup) Shutdown() {}
