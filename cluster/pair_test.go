//go:build !race

// Two members in one process cause a race report within the libraries: the member that starts second replaces
// gRPC's logger while the connections of the first one log.
//
//	WARNING: DATA RACE
//	Write at 0x000001c31980 by goroutine 2424:
//	  google.golang.org/grpc/grpclog.SetLoggerV2()
//	  github.com/asynkron/protoactor-go/remote.(*Remote).Start()      remote/server.go:61
//	Previous read at 0x000001c31980 by goroutine 2404:
//	  google.golang.org/grpc/grpclog.InfoDepth()
//	  google.golang.org/grpc.(*ccBalancerWrapper).UpdateState()       balancer_wrapper.go:247
//
// The scenarios run the same code under -race, with one process per member.

package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	pcluster "github.com/asynkron/protoactor-go/cluster"
	"github.com/asynkron/protoactor-go/remote"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// hub is a membership shared by the members of one process, which see each other at once.
type hub struct {
	mu      sync.Mutex
	members []*Member
	leaving map[string]bool
}

type hubMember struct {
	solo
	hub *hub
	m   *Member
}

func (h *hubMember) join(_ context.Context, m *Member) error {
	h.hub.mu.Lock()
	defer h.hub.mu.Unlock()
	h.m = m
	h.hub.members = append(h.hub.members, m)
	h.hub.publish()
	return nil
}

func (h *hubMember) announce(context.Context) {
	h.hub.mu.Lock()
	defer h.hub.mu.Unlock()
	h.hub.leaving = map[string]bool{h.m.ID(): true}
	h.hub.publish()
}

func (h *hubMember) leave(context.Context) error {
	h.hub.mu.Lock()
	defer h.hub.mu.Unlock()
	h.hub.members = slices.DeleteFunc(h.hub.members, func(m *Member) bool { return m == h.m })
	h.hub.publish()
	return nil
}

func (h *hub) publish() {
	var list pcluster.Members
	for _, m := range h.members {
		list = append(list, m.self())
	}
	for _, m := range h.members {
		m.publish(list, h.leaving)
	}
}

func (h *hub) start(t testing.TB, cfg Config) *Member {
	t.Helper()
	m, err := h.tryStart(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := m.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return m
}

func (h *hub) tryStart(ctx context.Context, cfg Config) (*Member, error) {
	cfg.Consul = "hub" // a wire, so the rules for one apply
	if cfg.Logger == nil {
		cfg.Logger = silent()
	}
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	return start(ctx, cfg, &hubMember{hub: h})
}

// goMessage is a plain Go message like the grains' envelope: a pointer within its member, a TestWire between
// members.
type goMessage struct {
	Text string
	hops int // does not cross
}

func (g *goMessage) Serialize() (remote.RootSerialized, error) {
	return &TestWire{Text: g.Text}, nil
}

func (w *TestWire) Deserialize() (remote.RootSerializable, error) {
	return &goMessage{Text: w.Text}, nil
}

// mirror replies to a goMessage with a goMessage.
var mirrorKind = Kind{Name: "Mirror", Props: actor.PropsFromFunc(func(ctx actor.Context) {
	if m, ok := ctx.Message().(*goMessage); ok {
		ctx.Respond(&goMessage{Text: "seen " + m.Text, hops: m.hops + 1})
	}
})}

// ownedBy returns a grain of kind that the member owns.
func ownedBy(t testing.TB, m *Member, kind string) string {
	t.Helper()
	for i := range 1000 {
		id := fmt.Sprint("g", i)
		if _, self := m.Owner(kind, id); self {
			return id
		}
	}
	t.Fatal("member owns no grain")
	return ""
}

func TestGoMessageCrossesMembers(t *testing.T) {
	var h hub
	a := h.start(t, Config{Kinds: []Kind{mirrorKind}})
	b := h.start(t, Config{Kinds: []Kind{mirrorKind}})

	for _, far := range []*Member{a, b} {
		id := ownedBy(t, far, "Mirror")
		resp, err := a.Request(t.Context(), "Mirror", id, &goMessage{Text: "hi", hops: 7})
		if err != nil {
			t.Fatal(err)
		}
		got := resp.(*goMessage)
		if got.Text != "seen hi" {
			t.Errorf("text %q", got.Text)
		}
		if local := far == a; local != (got.hops == 8) {
			t.Errorf("local %v: hops %d; want the same pointer locally and a copy remotely", local, got.hops)
		}
	}
}

func TestUnserializableMessageIsRefused(t *testing.T) {
	var h hub
	a := h.start(t, Config{Kinds: []Kind{mirrorKind}})
	b := h.start(t, Config{Kinds: []Kind{mirrorKind}})
	_, err := a.Request(t.Context(), "Mirror", ownedBy(t, b, "Mirror"), struct{}{})
	if !errors.Is(err, ErrUnreachable) || !errors.Is(err, errNotWire) {
		t.Error(err)
	}
}

func TestRemoteCacheForgetsEndedActivations(t *testing.T) {
	var h hub
	a := h.start(t, Config{})
	b := h.start(t, Config{Kinds: []Kind{echoKind}})
	for i := range 50 {
		call(t, a, fmt.Sprint(i), "hello")
	}
	if n := a.cache.len(); n != 50 {
		t.Fatalf("%d PIDs cached", n)
	}
	for i := range 50 {
		call(t, a, fmt.Sprint(i), "stop")
	}
	eventually(t, "caches empty", func() bool { return a.cache.len() == 0 && b.cache.len() == 0 })
	n, err := b.Activations(t.Context())
	if err != nil || n["Echo"] != 0 {
		t.Errorf("activations %v, %v", n, err)
	}
}

func TestLeavingMemberLosesNoRequest(t *testing.T) {
	var h hub
	a := h.start(t, Config{Kinds: []Kind{echoKind}})
	b, err := h.tryStart(t.Context(), Config{Kinds: []Kind{echoKind}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for c := range 4 {
		wg.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				if _, err := a.Request(
					context.WithoutCancel(ctx), "Echo", fmt.Sprint("x", c, i%100), wrapperspb.String("m"),
				); err != nil {
					t.Error(err)
				}
			}
		})
	}
	eventually(t, "b is used", func() bool {
		n, err := b.Activations(t.Context())
		return err == nil && n["Echo"] > 100
	})
	if err := b.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	cancel()
	wg.Wait()
}

func TestLostPeerEndsWaits(t *testing.T) {
	var h hub
	a := h.start(t, Config{})
	b := h.start(t, Config{Kinds: []Kind{echoKind}})
	failed := make(chan error, 1)
	go func() {
		_, err := a.Request(t.Context(), "Echo", "x", wrapperspb.String("mute"))
		failed <- err
	}()
	eventually(t, "the call waits", func() bool {
		n, err := b.Activations(t.Context())
		return err == nil && n["Echo"] == 1 && a.cache.len() == 1
	})
	a.system.EventStream.Publish(&remote.EndpointTerminatedEvent{Address: b.address})
	select {
	case err := <-failed:
		if !errors.Is(err, ErrOutcomeUnknown) {
			t.Error(err)
		}
	case <-time.After(2 * time.Second):
		t.Error("call still waiting")
	}
}

func TestMutualTLS(t *testing.T) {
	files := devCerts(t, "127.0.0.1")
	foreign := devCerts(t, "127.0.0.1")
	var h hub
	a := h.start(t, Config{Kinds: []Kind{echoKind}, TLS: files})
	b := h.start(t, Config{TLS: files})
	if got := call(t, b, "x", "secret"); got != "x:secret" {
		t.Errorf("answer %q", got)
	}
	for name, files := range map[string]*TLSFiles{"without a certificate": nil, "of another authority": foreign} {
		t.Run(name, func(t *testing.T) {
			stranger := &hubMember{hub: &hub{}} // it knows a, which does not know it
			cfg, err := Config{Consul: "hub", TLS: files, Logger: silent()}.withDefaults()
			if err != nil {
				t.Fatal(err)
			}
			c, err := start(t.Context(), cfg, stranger)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = c.Stop(t.Context()) }()
			c.publish(pcluster.Members{a.self(), c.self()}, nil)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if resp, err := c.Request(ctx, "Echo", "x", wrapperspb.String("let me in")); !errors.Is(err, ErrUnreachable) {
				t.Errorf("answer %v, error %v", resp, err)
			}
		})
	}
}

// BenchmarkRemoteRequest calls grains on another member of the same process over gRPC on loopback.
func BenchmarkRemoteRequest(b *testing.B) {
	for _, callers := range []int{1, 16, 64} {
		b.Run(fmt.Sprint(callers), func(b *testing.B) {
			var h hub
			far := h.start(b, Config{Kinds: []Kind{echoKind}})
			near := h.start(b, Config{})
			for i := range 100 {
				call(b, near, fmt.Sprint(i), "warm")
			}
			if _, self := far.Owner("Echo", "1"); !self {
				b.Fatal("not remote")
			}
			ctx, cancel := context.WithTimeout(b.Context(), time.Hour)
			defer cancel()
			b.ReportAllocs()
			b.ResetTimer()
			var wg sync.WaitGroup
			for c := range callers {
				wg.Go(func() {
					msg := wrapperspb.String("x")
					for i := c; i < b.N; i += callers {
						if _, err := near.Request(ctx, "Echo", fmt.Sprint(i%100), msg); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
		})
	}
}
