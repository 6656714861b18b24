// Package grainstest runs grains on the real host without a cluster: one member
// of its own, whose grains can be restarted, and whose twin over the same store
// stands for a second activation.
package grainstest

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/wire"
	"entrepot/persistence"

	"github.com/asynkron/protoactor-go/actor"
	"google.golang.org/protobuf/proto"
)

// Member hosts kinds over one store.
type Member struct {
	t      testing.TB
	Host   *grains.Host
	System *actor.ActorSystem
	Store  persistence.Store
	client *grains.Client
	kinds  map[string]*grains.Kind

	mu    sync.Mutex
	pids  map[string]*actor.PID
	now   time.Time
	fixed bool
}

// Option changes the host's configuration before it starts.
type Option func(*grains.Config)

// New starts a member over the store with the kinds' collections ensured. The
// test's end stops it.
func New(t testing.TB, store persistence.Store, kinds []*grains.Kind, options ...Option) *Member {
	t.Helper()
	var collections []*persistence.Collection
	m := &Member{t: t, Store: store, kinds: map[string]*grains.Kind{}, pids: map[string]*actor.PID{}}
	for _, k := range kinds {
		collections = append(collections, k.Collection)
		m.kinds[k.Name] = k
	}
	if err := store.Ensure(t.Context(), collections); err != nil {
		t.Fatalf("ensure collections: %v", err)
	}
	committer := persistence.NewCommitter(store, persistence.CommitterOptions{Timeout: 2 * time.Second})
	c := grains.Config{Committer: committer, Clock: m.Now, Logger: slog.New(slog.DiscardHandler)}
	for _, o := range options {
		o(&c)
	}
	m.Host = grains.NewHost(c)
	m.System = actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return slog.New(slog.DiscardHandler) }))
	m.client = &grains.Client{Members: m, NotExecuted: func(err error) bool { return errors.Is(err, actor.ErrDeadLetter) }}
	m.Host.Start(m)
	t.Cleanup(func() {
		m.Restart()
		m.Host.Stop()
		committer.Close()
		m.System.Shutdown()
	})
	return m
}

// Now is the members' clock: the real one until SetNow.
func (m *Member) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fixed {
		return m.now
	}
	return time.Now()
}

// SetNow stops the clock at a time.
func (m *Member) SetNow(at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now, m.fixed = at, true
}

// Request sends a message to the grain, activating it.
func (m *Member) Request(ctx context.Context, kind, id string, msg any) (any, error) {
	for {
		timeout := 5 * time.Second
		if d, ok := ctx.Deadline(); ok {
			timeout = time.Until(d)
		}
		pid := m.pid(kind, id)
		r, err := m.System.Root.RequestFuture(pid, msg, timeout).Result()
		if errors.Is(err, actor.ErrDeadLetter) && ctx.Err() == nil {
			m.mu.Lock()
			if m.pids[kind+"/"+id] == pid {
				delete(m.pids, kind+"/"+id)
			}
			m.mu.Unlock()
			continue
		}
		return r, err
	}
}

func (m *Member) pid(kind, id string) *actor.PID {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := kind + "/" + id
	if pid := m.pids[key]; pid != nil {
		return pid
	}
	k := m.kinds[kind]
	if k == nil {
		m.t.Errorf("no kind %q in this member", kind)
		k = &grains.Kind{}
	}
	pid := m.System.Root.Spawn(grains.Identified(m.Host.Props(k), kind, id))
	m.pids[key] = pid
	return pid
}

// Ask sends a command through the client, with what the context carries.
func (m *Member) Ask(ctx context.Context, kind string, id entrepot.ID, cmd proto.Message) (proto.Message, error) {
	return m.client.Ask(ctx, kind, id, cmd)
}

// As is a context that acts for the caller.
func (m *Member) As(c entrepot.Caller) context.Context {
	return entrepot.WithCaller(m.t.Context(), c)
}

// Platform is a context that acts for the platform itself.
func (m *Member) Platform() context.Context { return m.As(entrepot.SystemCaller("test")) }

// Wake sends the grain its wake.
func (m *Member) Wake(kind string, id entrepot.ID) {
	m.t.Helper()
	if _, err := m.Ask(m.Platform(), kind, id, &wire.Wake{}); err != nil {
		m.t.Fatalf("wake %s/%s: %v", kind, id, err)
	}
}

// Restart stops every grain, so that the next command meets what was saved.
func (m *Member) Restart() {
	m.mu.Lock()
	pids := m.pids
	m.pids = map[string]*actor.PID{}
	m.mu.Unlock()
	for _, pid := range pids {
		_ = m.System.Root.PoisonFuture(pid).Wait() // an actor that is gone already answers the same
	}
}

// Events reads every published event of the store's log, in order.
func (m *Member) Events() []events.Envelope {
	m.t.Helper()
	var out []events.Envelope
	after := int64(0)
	for {
		entries, err := m.Store.Log().Read(m.t.Context(), after, 1000)
		if err != nil {
			m.t.Fatalf("read the log: %v", err)
		}
		if len(entries) == 0 {
			return out
		}
		for _, e := range entries {
			var env events.Envelope
			if err := json.Unmarshal(e.Body, &env); err != nil {
				m.t.Fatalf("event %d: %v", e.Seq, err)
			}
			out, after = append(out, env), e.Seq
		}
	}
}

// EventTypes are the types of all events so far, in order.
func (m *Member) EventTypes() []string {
	var out []string
	for _, e := range m.Events() {
		out = append(out, e.Type)
	}
	return out
}
