package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/cluster"
	"github.com/asynkron/protoactor-go/remote"
)

var errStopped = errors.New("this member is stopped")

// Member is one started member of a cluster. Its methods may be called from any goroutine.
type Member struct {
	cfg      Config
	system   *actor.ActorSystem
	cluster  *cluster.Cluster
	provider membership
	address  string // host:port that other members dial; port 0 in a one-member cluster
	solo     bool   // a cluster of this member alone, without a wire

	desk    *desk
	cache   *pidCache
	lookup  *lookup
	gate    *gate
	fencing fencing
	done    chan struct{} // closed when Stop begins to take things down
	wg      sync.WaitGroup

	stopping atomic.Bool // leaving: not Ready, but answers what is in flight
	stopped  atomic.Bool // refuses every Request
	stopOnce sync.Once
	stopErr  error
}

// membership is how a member learns of the others.
type membership interface {
	cluster.ClusterProvider
	// join makes this member known and starts following the others, until ctx ends or it succeeds.
	join(ctx context.Context, m *Member) error
	// confirm asks whether the others still count this member in: nil, errEvicted, or an error if unknown.
	confirm(ctx context.Context) error
	// suspect hears that the connection to another member was lost. It may not block.
	suspect(address string)
	// announce tells the others that this member leaves, and returns when they know or ctx ends.
	announce(ctx context.Context)
	// leave ends membership for good.
	leave(ctx context.Context) error
}

// Start joins the cluster and returns when this member is part of it; WaitReady says when the kinds it
// needs have hosts too. It keeps trying while Consul is away, until ctx ends. On an error nothing is left
// running.
func Start(ctx context.Context, cfg Config) (*Member, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	if cfg.Consul == "" {
		return start(ctx, cfg, &solo{})
	}
	provider, err := newConsul(cfg)
	if err != nil {
		return nil, err
	}
	return start(ctx, cfg, provider)
}

const undoTimeout = time.Second // for taking down what a failed Start had begun

// start is Start with a membership; tests bring their own.
func start(ctx context.Context, cfg Config, provider membership) (m *Member, err error) {
	m = newMember(cfg, provider)
	defer func() {
		if r := recover(); r != nil { // Proto.Actor panics where it cannot start
			err = recovered(r)
		}
		if err != nil {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
			defer cancel()
			err = errors.Join(err, m.takeDown(ctx))
			m, err = nil, fmt.Errorf("cluster: start: %w", err)
		}
	}()
	if err := m.open(); err != nil {
		return m, err
	}
	return m, m.provider.join(ctx, m)
}

func newMember(cfg Config, provider membership) *Member {
	m := &Member{cfg: cfg, provider: provider, done: make(chan struct{}), cache: newPidCache()}
	_, m.solo = provider.(*solo)
	m.fencing.done = make(chan struct{})
	m.system = actor.NewActorSystem(
		actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return quiet(cfg.Logger) }),
		actor.WithDeadLetterRequestLogging(false),
	)
	m.gate = newGate(pauseLimit(cfg), cfg.TTL/2, m.fence)
	if m.solo {
		m.gate = newGate(0, 0, m.fence) // nobody can take over during a pause
	}
	m.lookup = newLookup(m)
	return m
}

// open starts the wire and the placement. Proto.Actor's own StartMember is not used: it also starts gossip
// and publish-subscribe, which nothing here needs (gossip blocks members for good after 20 s of silence,
// whatever Consul says, and its state races between members of one process), and then sleeps for a second.
func (m *Member) open() error {
	rc, err := remoteConfig(m.cfg)
	if err != nil {
		return err
	}
	m.cluster = cluster.New(m.system, cluster.Configure(m.cfg.Name, m.provider, m.lookup, rc,
		cluster.WithRequestTimeout(defaultTimeout),
		cluster.WithClusterContextProducer(func(*cluster.Cluster) cluster.Context { return callContext{m} })))
	m.cluster.Remote = remote.NewRemote(m.system, rc)
	if m.solo {
		m.system.ProcessRegistry.Address = net.JoinHostPort(m.cfg.Host, strconv.Itoa(0))
	} else {
		m.cluster.Remote.Start()
	}
	m.address = m.system.Address()
	m.desk = newDesk(m.system)
	m.system.ProcessRegistry.Add(notices{m}, noticeName)
	m.cluster.IdentityLookup = m.lookup
	m.lookup.Setup(m.cluster, nil, false)
	if !m.solo {
		m.wg.Go(m.watch)
	}
	return nil
}

// Root is the context for sending from outside of actors. WithHeaders and WithSenderMiddleware change it for
// everyone: Copy first.
func (m *Member) Root() *actor.RootContext { return m.system.Root }

// System is the actor system, for process-local actors.
func (m *Member) System() *actor.ActorSystem { return m.system }

// Stop leaves the cluster: it tells the others, lets every activation finish what it has and stop, then
// closes the wire and deregisters. What is in flight is answered; new requests from here are refused once
// the activations are gone. ctx bounds it; when ctx ends first the rest is cut off and its error returned.
// Only the first call acts, every call returns its result.
func (m *Member) Stop(ctx context.Context) error {
	m.stopOnce.Do(func() {
		m.stopping.Store(true)
		announced := make(chan struct{})
		go func() { defer close(announced); m.provider.announce(ctx) }()
		m.stopErr = m.drain(ctx)
		<-announced
		if m.stopErr == nil {
			m.farewell(ctx)
		}
		m.stopErr = errors.Join(m.stopErr, m.takeDown(ctx))
	})
	return m.stopErr
}

// drain stops all activations, each after the messages it has.
func (m *Member) drain(ctx context.Context) error {
	done := make(chan struct{})
	m.system.Root.Send(m.lookup.placement, &drain{done})
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("cluster: stopped with activations still busy: %w", ctx.Err())
	}
}

// takeDown ends what open and join began.
func (m *Member) takeDown(ctx context.Context) error {
	m.stopped.Store(true)
	err := m.provider.leave(ctx)
	close(m.done)
	m.wg.Wait()
	if m.lookup.placement != nil {
		m.system.Root.Stop(m.lookup.placement)
	}
	if m.desk != nil {
		m.desk.lose(m.address)
	}
	if !m.solo && m.address != "" {
		err = errors.Join(err, m.closeRemote())
	}
	if !m.system.IsStopped() {
		m.system.Shutdown()
	}
	return err
}

// gone forgets a member that has left.
func (m *Member) gone(address string) {
	m.cache.dropMember(address)
	m.desk.lose(address)
}

// recovered makes an error of a panic's value.
func recovered(r any) error {
	if err, ok := r.(error); ok {
		return err
	}
	return fmt.Errorf("%v", r)
}
