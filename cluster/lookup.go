package cluster

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/cluster"
	"github.com/asynkron/protoactor-go/remote"
	lru "github.com/hashicorp/golang-lru/v2"
)

const placementName = "placement"

// lookup finds the activation of a grain: rendezvous hashing over the current view gives the owner, whose
// placement actor gives the PID. It replaces Proto.Actor's disthash, which scans all activations whenever one
// ends, activates grains it does not own, and returns activations that are stopping.
type lookup struct {
	m         *Member
	current   atomic.Pointer[view]
	placement *actor.PID
	kinds     map[string]*actor.Props
	spawning  *cluster.ClusterIdentity // of the grain being spawned; used only by the placement actor's goroutine
}

var _ cluster.IdentityLookup = (*lookup)(nil)

func newLookup(m *Member) *lookup {
	l := &lookup{m: m, kinds: map[string]*actor.Props{}}
	l.current.Store(newView(nil))
	return l
}

// view returns the current membership, never nil.
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
			panic(err) // the name is taken; start turns the panic into an error
		}
		l.placement = pid
	}
	c.ActorSystem.EventStream.Subscribe(l.observe)
}

// grainProps returns the kind's props with mailbox and identity added. The placement actor sets the identity
// on its goroutine while it spawns, so one Props serves all grains of a kind. cluster.WithClusterIdentity
// would clone the Props for each activation, which costs a kilobyte.
func (l *lookup) grainProps(k Kind) *actor.Props {
	props := k.Props.Clone(
		actor.WithMailbox(newMailbox(l.m.system, l.m.gate, l.m.cfg.MailboxBound)),
		actor.WithOnInit(func(ctx actor.Context) { cluster.SetClusterIdentity(ctx, l.spawning) }),
	)
	return cluster.NewKind(k.Name, props).Props
}

// route replaces the current view unless both are the same. It is called by one goroutine at a time.
func (l *lookup) route(v *view) {
	old := l.view()
	if v.same(old) {
		return
	}
	l.current.Store(v)
	close(old.changed)
	l.m.system.Root.Send(l.placement, rerouted{})
}

// observe handles Proto.Actor's events, on the publisher's goroutine.
func (l *lookup) observe(event any) {
	switch e := event.(type) {
	case *cluster.ClusterTopology:
		for _, m := range e.Left {
			l.m.gone(m.Address())
		}
	case *remote.EndpointTerminatedEvent:
		l.m.replies.lose(e.Address)
		if slices.ContainsFunc(l.view().members, func(p MemberInfo) bool { return p.Address == e.Address }) {
			l.m.provider.suspect(e.Address)
		}
	case *actor.SupervisorEvent:
		l.m.cfg.Logger.Error("cluster: actor failed",
			"actor", e.Child.Id, "directive", e.Directive.String(), "reason", e.Reason)
	}
}

// activate requests the grain's activation from its owner. nil means that the owner has changed or is
// unreachable; the message has not been executed.
func (l *lookup) activate(ctx context.Context, k grainKey, owner string, until time.Time) *actor.PID {
	to := l.placement
	if owner != l.m.address {
		to = actor.NewPID(owner, placementName)
	}
	req := &cluster.ActivationRequest{ClusterIdentity: &cluster.ClusterIdentity{Kind: k.kind, Identity: k.id}}
	answer, err := l.m.replies.ask(ctx, to, req, until)
	if err != nil {
		return nil
	}
	if r, ok := answer.(*cluster.ActivationResponse); ok && !r.Failed {
		return r.Pid
	}
	return nil
}

// Get implements Proto.Actor's Cluster.Get. It returns nil if the grain cannot be activated within 5 s.
func (l *lookup) Get(ci *cluster.ClusterIdentity) *actor.PID {
	k := grainKey{ci.Kind, ci.Identity}
	owner := l.owner(k)
	if owner == "" {
		return nil
	}
	return l.activate(context.Background(), k, owner, time.Now().Add(defaultTimeout))
}

// RemovePid removes the PID from the cache.
func (l *lookup) RemovePid(ci *cluster.ClusterIdentity, pid *actor.PID) {
	l.m.cache.drop(grainKey{ci.Kind, ci.Identity}, pid)
}

// Shutdown does nothing: Member.Stop drains and stops the placement, bounded by its context.
func (l *lookup) Shutdown() {}

// grainKey names a grain; a struct, so that looking it up joins no strings.
type grainKey struct{ kind, id string }

// maxPids bounds the grains whose place a member caches.
const maxPids = 1 << 20

// pidCache caches where grains are active. It replaces Proto.Actor's PidCache, whose key is a joined string
// and which keeps every grain for ever. Entries leave when an activation ends (the placement announces it to
// every member that asked), when a member leaves, when a call fails, and past the bound the least recently
// used first. An entry that is missing costs one question to the grain's owner.
type pidCache struct {
	pids *lru.Cache[grainKey, *actor.PID]
}

func newPidCache() *pidCache {
	pids, _ := lru.New[grainKey, *actor.PID](maxPids) // an error only for a size below 1
	return &pidCache{pids}
}

// get returns the grain's place, nil when it is not cached.
func (c *pidCache) get(k grainKey) *actor.PID {
	pid, _ := c.pids.Get(k)
	return pid
}

func (c *pidCache) set(k grainKey, pid *actor.PID) { c.pids.Add(k, pid) }

// drop forgets the grain if it is still cached at pid. A place that is set at the same moment may go too.
func (c *pidCache) drop(k grainKey, pid *actor.PID) {
	if now, ok := c.pids.Peek(k); ok && now.Id == pid.Id && now.Address == pid.Address {
		c.pids.Remove(k)
	}
}

// dropMember forgets every grain at address.
func (c *pidCache) dropMember(address string) {
	for _, k := range c.pids.Keys() {
		if pid, ok := c.pids.Peek(k); ok && pid.Address == address {
			c.pids.Remove(k)
		}
	}
}

func (c *pidCache) len() int { return c.pids.Len() }
