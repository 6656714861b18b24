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

var errStopped = errors.New("member stopped")

// Member is a started member of a cluster. Its methods are safe for concurrent use.
type Member struct {
	cfg      Config
	system   *actor.ActorSystem
	cluster  *cluster.Cluster
	provider membership
	address  string // host:port that other members dial; port 0 in a one-member cluster
	solo     bool   // a one-member cluster, without a network

	replies *replies
	cache   *pidCache
	lookup  *lookup
	gate    *gate
	fencing fencing
	done    chan struct{} // closed when takeDown begins
	wg      sync.WaitGroup

	stopping atomic.Bool // leaving: not Ready, but completes requests in flight
	stopped  atomic.Bool // every Request is refused
	stopOnce sync.Once
	stopErr  error
}

// membership keeps track of the other members.
type membership interface {
	cluster.ClusterProvider
	// join registers this member and starts following the others, with retries until ctx ends.
	join(ctx context.Context, m *Member) error
	// confirm checks whether the others still list this member: nil, errEvicted, or an error if unknown.
	confirm(ctx context.Context) error
	// suspect is called when the connection to another member was lost. It must not block.
	suspect(address string)
	// announce notifies the others that this member leaves. It returns when all have noticed or ctx ends.
	announce(ctx context.Context)
	// leave ends the membership for good.
	leave(ctx context.Context) error
}

// Start joins the cluster and returns when this member is part of it; WaitReady also waits for the hosts of
// WaitKinds. While Consul is unavailable it retries until ctx ends. After an error nothing is left running.
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

const undoTimeout = time.Second // for the cleanup after a failed Start

// start is Start with a given membership; tests use their own.
func start(ctx context.Context, cfg Config, provider membership) (m *Member, err error) {
	m = newMember(cfg, provider)
	defer func() {
		if r := recover(); r != nil { // Proto.Actor panics when it cannot start
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
		m.gate = newGate(0, 0, m.fence) // no other member can take over during a pause
	}
	m.lookup = newLookup(m)
	return m
}

// open starts the network and the placement. It does not call Proto.Actor's StartMember, which also starts
// gossip and publish-subscribe and then sleeps for a second. Gossip would block members for good after 20 s of
// silence, whatever their state in Consul, and its state races between members of one process.
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
	m.replies = newReplies(m.system)
	m.system.ProcessRegistry.Add(notices{m}, noticeName)
	m.cluster.IdentityLookup = m.lookup
	m.lookup.Setup(m.cluster, nil, false)
	if !m.solo {
		m.wg.Go(m.watch)
	}
	return nil
}

// Root returns the context for sending from outside of actors. It is shared: Copy it before calling WithHeaders
// or WithSenderMiddleware.
func (m *Member) Root() *actor.RootContext { return m.system.Root }

// System returns the actor system, for process-local actors.
func (m *Member) System() *actor.ActorSystem { return m.system }

// Stop leaves the cluster: it notifies the others, lets every activation finish its messages and stop, then
// closes the network and deregisters. Requests in flight are completed; new requests from here are refused once
// the activations are gone. If ctx ends first, the rest is cut off and the error returned. Only the first call
// acts; every call returns its result.
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

// drain stops all activations, each after its queued messages.
func (m *Member) drain(ctx context.Context) error {
	done := make(chan struct{})
	m.system.Root.Send(m.lookup.placement, &drain{done})
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("cluster: stopped while activations were busy: %w", ctx.Err())
	}
}

// takeDown ends everything that open and join have started.
func (m *Member) takeDown(ctx context.Context) error {
	m.stopped.Store(true)
	err := m.provider.leave(ctx)
	close(m.done)
	m.wg.Wait()
	if m.lookup.placement != nil {
		m.system.Root.Stop(m.lookup.placement)
	}
	if m.replies != nil {
		m.replies.lose(m.address)
	}
	if !m.solo && m.address != "" {
		err = errors.Join(err, m.closeRemote())
	}
	if !m.system.IsStopped() {
		m.system.Shutdown()
	}
	return err
}

// gone removes a member that has left from the cache, and ends the waits for its replies.
func (m *Member) gone(address string) {
	m.cache.dropMember(address)
	m.replies.lose(address)
}

// recovered returns the error of a recovered panic.
func recovered(r any) error {
	if err, ok := r.(error); ok {
		return err
	}
	return fmt.Errorf("%v", r)
}

// callContext makes Proto.Actor's Cluster.Request behave like Member.Request.
type callContext struct{ m *Member }

var _ cluster.Context = callContext{}

// Request calls Member.Request with the timeout of the options. Their retry settings and sender context, and
// so its middleware, are ignored.
func (c callContext) Request(identity, kind string, message any, opts ...cluster.GrainCallOption) (any, error) {
	cfg := cluster.NewGrainCallOptions(c.m.cluster)
	for _, o := range opts {
		o(cfg)
	}
	ctx, cancel := context.WithTimeout(context.Background(), cfg.Timeout)
	defer cancel()
	return c.m.Request(ctx, kind, identity, message)
}

// RequestFuture finds or creates the grain's activation and sends to it once.
func (c callContext) RequestFuture(
	identity, kind string, message any, opts ...cluster.GrainCallOption,
) (*actor.Future, error) {
	cfg := cluster.NewGrainCallOptions(c.m.cluster)
	for _, o := range opts {
		o(cfg)
	}
	ctx, cancel := context.WithTimeout(context.Background(), cfg.Timeout)
	defer cancel()
	pid, err := c.m.locate(ctx, grainKey{kind, identity}, c.m.until(ctx))
	if err == nil && pid == nil {
		err = ErrUnreachable
	}
	if err != nil {
		return nil, &CallError{kind, identity, err}
	}
	return cfg.Context.RequestFuture(pid, message, cfg.Timeout), nil
}

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
