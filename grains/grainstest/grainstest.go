// Package grainstest runs grains on the real host in a cluster of one member. Its grains can be
// restarted, and a second member over the same store acts as a second activation.
package grainstest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"sync"
	"testing"
	"time"

	"entrepot"
	"entrepot/cluster"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/persistence"

	"github.com/asynkron/protoactor-go/remote"
)

// Member hosts kinds over one store, as a cluster of one.
type Member struct {
	t      testing.TB
	Host   *grains.Host
	Store  persistence.Store
	member *cluster.Member
	client *grains.Client
	report func(format string, args ...any) // fails the test

	mu    sync.Mutex
	now   time.Time
	fixed bool
}

// Option changes the host's configuration before it starts.
type Option func(*grains.Config)

// New starts a member that hosts the kinds, after ensuring their collections in the store. The end of
// the test stops it.
func New(t testing.TB, store persistence.Store, kinds []*grains.Kind, options ...Option) *Member {
	t.Helper()
	m := &Member{t: t, Store: store, report: t.Errorf}
	quiet := slog.New(slog.DiscardHandler)
	committer := persistence.NewCommitter(store, persistence.CommitterOptions{Timeout: 2 * time.Second})
	c := grains.Config{Committer: committer, Clock: m.Now, Logger: quiet}
	for _, o := range options {
		o(&c)
	}
	m.Host = grains.NewHost(c)
	var collections []*persistence.Collection
	var hosted []cluster.Kind
	for _, k := range kinds {
		collections = append(collections, k.Collection)
		hosted = append(hosted, cluster.Kind{Name: k.Name, Props: m.Host.Props(k)})
	}
	if err := store.Ensure(t.Context(), collections); err != nil {
		t.Fatalf("ensure collections: %v", err)
	}
	m.Host.Start(m)
	var err error
	if m.member, err = cluster.Start(t.Context(), cluster.Config{Kinds: hosted, Logger: quiet}); err != nil {
		t.Fatalf("start a member: %v", err)
	}
	m.client = &grains.Client{Members: m.member, NotExecuted: func(err error) bool {
		return errors.Is(err, cluster.ErrUnreachable) || errors.Is(err, cluster.ErrOverloaded)
	}}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := m.member.Stop(ctx); err != nil {
			t.Errorf("stop the member: %v", err)
		}
		m.Host.Stop()
		committer.Close()
	})
	return m
}

// Now returns the member's time: the real time until SetNow is called.
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

// Ask sends a message through the client and returns a copy of the reply. It then overwrites the reply
// itself and fails the test if that changes the grain's state, because a reply must not share memory
// with the state.
func (m *Member) Ask(ctx context.Context, to grains.Ref, message any, options ...grains.Option) (grains.Answer, error) {
	sent := deepCopy(reflect.ValueOf(message))
	answer, err := m.client.Ask(ctx, to, sent.Interface(), options...)
	if err == nil {
		m.disown(to, sent)
	}
	if err == nil && answer.Value != nil {
		answer.Value = m.owned(to, message, answer.Value)
	}
	return answer, err
}

// Remote returns an asker whose messages and replies are encoded for the wire, as they are between two
// members of a cluster.
func (m *Member) Remote() grains.Asker {
	return &grains.Client{Members: overTheWire{m.member}}
}

type overTheWire struct{ to grains.Requester }

func (o overTheWire) Request(ctx context.Context, kind, id string, msg any) (any, error) {
	received, err := hop(msg)
	if err != nil {
		return nil, err
	}
	reply, err := o.to.Request(ctx, kind, id, received)
	if err != nil {
		return nil, err
	}
	return hop(reply)
}

// hop returns a message as another member receives it.
func hop(msg any) (any, error) {
	out, ok := msg.(remote.RootSerializable)
	if !ok {
		return nil, fmt.Errorf("grainstest: %T cannot leave its member", msg)
	}
	sent, err := out.Serialize()
	if err != nil {
		return nil, err
	}
	data, name, err := remote.Serialize(sent, 0)
	if err != nil {
		return nil, err
	}
	received, err := remote.Deserialize(data, name, 0)
	if err != nil {
		return nil, err
	}
	return received.(remote.RootSerialized).Deserialize()
}

// As returns a context that acts for the caller.
func (m *Member) As(c entrepot.Caller) context.Context {
	return entrepot.WithCaller(m.t.Context(), c)
}

// Platform returns a context that acts for the platform itself.
func (m *Member) Platform() context.Context { return m.As(entrepot.SystemCaller("test")) }

// Wake wakes the grain and waits for its reply.
func (m *Member) Wake(kind string, id entrepot.ID) {
	m.t.Helper()
	if _, err := m.Ask(m.Platform(), grains.Ref{Kind: kind, ID: id}, grains.Wake{}); err != nil {
		m.t.Fatalf("wake %s/%s: %v", kind, id, err)
	}
}

// Restart ends every activation, so that the next message meets the saved state.
func (m *Member) Restart() {
	m.t.Helper()
	if err := m.Host.Passivate(m.t.Context()); err != nil {
		m.t.Fatalf("restart: %v", err)
	}
}

// Events returns all events of the store's log in order.
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

// EventTypes returns the types of all events of the store's log in order.
func (m *Member) EventTypes() []string {
	var out []string
	for _, e := range m.Events() {
		out = append(out, e.Type)
	}
	return out
}
