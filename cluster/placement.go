package cluster

import (
	"slices"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/cluster"
)

// placement is the actor that spawns this member's activations, and their supervisor. The cost of each operation
// on one grain is independent of the number of grains.
type placement struct {
	l        *lookup
	byKey    map[grainKey]*activation
	byPid    map[string]*activation
	draining bool
	drained  chan struct{} // closed when the last activation is gone
}

// activation is a grain that is active here.
type activation struct {
	key     grainKey
	pid     *actor.PID
	askers  []string     // addresses of the other members that have cached pid
	waiting []*actor.PID // requests for the next activation, once this one is gone
	leaving bool         // poisoned, because another member owns the grain or this one stops
}

// drain is the message to stop every activation after its queued messages. done is closed when all are gone.
type drain struct{ done chan struct{} }

// rerouted is the message that the view has changed.
type rerouted struct{}

// census is the query for the number of activations by kind; the reply is a map[string]int.
type census struct{}

func newPlacement(l *lookup) *placement {
	return &placement{l: l, byKey: map[grainKey]*activation{}, byPid: map[string]*activation{}}
}

// Receive handles the messages of the placement actor.
func (p *placement) Receive(ctx actor.Context) {
	switch msg := ctx.Message().(type) {
	case *cluster.ActivationRequest:
		if ci := msg.ClusterIdentity; ci != nil && ctx.Sender() != nil {
			p.activate(ctx, grainKey{ci.Kind, ci.Identity}, ctx.Sender())
		}
	case *actor.Terminated:
		p.ended(ctx, msg.Who)
	case rerouted:
		p.handOver(ctx)
	case *drain:
		p.drain(ctx, msg.done)
	case census:
		ctx.Respond(p.count())
	}
}

// activate replies with the grain's activation, which it spawns if needed. "Failed" means that this member does
// not own the grain or cannot host it now; the caller tries again with its next view of the membership.
func (p *placement) activate(ctx actor.Context, key grainKey, asker *actor.PID) {
	props := p.l.kinds[key.kind]
	if props == nil || p.draining || p.l.m.gate.shut() || p.l.owner(key) != p.l.m.address {
		ctx.Send(asker, &cluster.ActivationResponse{Failed: true})
		return
	}
	a := p.byKey[key]
	if a == nil {
		pid, err := p.spawn(ctx, key, props)
		if err != nil {
			p.l.m.cfg.Logger.Error("cluster: cannot spawn an actor", "kind", key.kind, "id", key.id, "error", err)
			ctx.Send(asker, &cluster.ActivationResponse{Failed: true})
			return
		}
		a = &activation{key: key, pid: pid}
		p.byKey[key], p.byPid[pid.Id] = a, a
	} else if _, alive := ctx.ActorSystem().ProcessRegistry.GetLocal(a.pid.Id); a.leaving || !alive {
		a.waiting = append(a.waiting, asker) // it may still be writing; the next activation must load after that
		return
	}
	if asker.Address != p.l.m.address && !slices.Contains(a.askers, asker.Address) {
		a.askers = append(a.askers, asker.Address)
	}
	ctx.Send(asker, &cluster.ActivationResponse{Pid: a.pid})
}

// spawn starts the actor. It recovers panics of the kind's producer, which would end all activations here.
func (p *placement) spawn(ctx actor.Context, key grainKey, props *actor.Props) (pid *actor.PID, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = recovered(r)
		}
	}()
	p.l.spawning = &cluster.ClusterIdentity{Kind: key.kind, Identity: key.id}
	return ctx.SpawnPrefix(props, key.kind+"/"+key.id), nil
}

// ended removes an activation, notifies the members that have cached it, and serves the waiting requests.
func (p *placement) ended(ctx actor.Context, who *actor.PID) {
	a := p.byPid[who.Id]
	if a == nil {
		return
	}
	delete(p.byPid, who.Id)
	delete(p.byKey, a.key)
	p.l.m.cache.drop(a.key, a.pid)
	for _, address := range a.askers {
		ctx.Send(actor.NewPID(address, noticeName), &cluster.ActivationTerminated{
			Pid:             a.pid,
			ClusterIdentity: &cluster.ClusterIdentity{Kind: a.key.kind, Identity: a.key.id},
		})
	}
	for _, asker := range a.waiting {
		p.activate(ctx, a.key, asker)
	}
	p.checkDrained()
}

// handOver stops the activations of grains that another member owns now, after their queued messages.
func (p *placement) handOver(ctx actor.Context) {
	v := p.l.view()
	for _, a := range p.byKey {
		if !a.leaving && v.owner(a.key) != p.l.m.address {
			a.leaving = true
			ctx.Poison(a.pid)
		}
	}
}

func (p *placement) drain(ctx actor.Context, done chan struct{}) {
	p.draining, p.drained = true, done
	for _, a := range p.byKey {
		a.leaving = true
		ctx.Poison(a.pid)
	}
	p.checkDrained()
}

func (p *placement) checkDrained() {
	if p.drained != nil && len(p.byKey) == 0 {
		close(p.drained)
		p.drained = nil
	}
}

func (p *placement) count() map[string]int {
	n := make(map[string]int, len(p.l.kinds))
	for kind := range p.l.kinds {
		n[kind] = 0
	}
	for k := range p.byKey {
		n[k.kind]++
	}
	return n
}
