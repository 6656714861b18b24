package cluster

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// gated is a kind that holds its first request until it is released.
type gated struct {
	entered, release chan struct{}
	executed         atomic.Int32
}

func newGated() *gated {
	return &gated{entered: make(chan struct{}, 1), release: make(chan struct{})}
}

func (g *gated) kind() Kind {
	return Kind{Name: "Gated", Props: actor.PropsFromFunc(func(ctx actor.Context) {
		m, ok := ctx.Message().(*wrapperspb.StringValue)
		if !ok {
			return
		}
		g.executed.Add(1)
		switch m.Value {
		case "hold":
			g.entered <- struct{}{}
			<-g.release
		case "hold and stop":
			g.entered <- struct{}{}
			<-g.release
			ctx.Stop(ctx.Self())
		}
		ctx.Respond(m)
	})}
}

// queue sends n requests and waits until they are in the mailbox. The channel receives their errors.
func (g *gated) queue(t *testing.T, m *Member, n int) <-chan error {
	t.Helper()
	errs := make(chan error, n)
	for i := range n {
		go func() {
			_, err := m.Request(t.Context(), "Gated", "x", wrapperspb.String(fmt.Sprint(i)))
			errs <- err
		}()
	}
	return errs
}

func (g *gated) box(t *testing.T, m *Member) actor.Process {
	t.Helper()
	pid := m.cache.get(grainKey{"Gated", "x"})
	p, ok := m.system.ProcessRegistry.GetLocal(pid.Id)
	if !ok {
		t.Fatal("activation not found")
	}
	return p
}

func TestMailboxBoundAnswersOverloadedAtOnce(t *testing.T) {
	g := newGated()
	m := startSolo(t, Config{Kinds: []Kind{g.kind()}, MailboxBound: 8})
	held := make(chan error, 1)
	go func() {
		_, err := m.Request(t.Context(), "Gated", "x", wrapperspb.String("hold"))
		held <- err
	}()
	<-g.entered

	errs := g.queue(t, m, 20)
	for range 12 { // those over the bound; the rest wait
		if err := <-errs; !errors.Is(err, ErrOverloaded) {
			t.Fatal(err)
		}
	}
	close(g.release)
	for range 8 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if err := <-held; err != nil {
		t.Error(err)
	}
	if n := g.executed.Load(); n != 9 {
		t.Errorf("%d executed; refused requests must not be", n)
	}
}

func TestMailboxBoundSparesOwnMessages(t *testing.T) {
	g := newGated()
	m := startSolo(t, Config{Kinds: []Kind{g.kind()}, MailboxBound: 1})
	go func() { _, _ = m.Request(t.Context(), "Gated", "x", wrapperspb.String("hold")) }()
	<-g.entered
	p := g.box(t, m)
	pid := m.cache.get(grainKey{"Gated", "x"})
	for range 100 {
		p.SendUserMessage(pid, wrapperspb.String("own"))
	}
	close(g.release)
	eventually(t, "all own messages executed", func() bool { return g.executed.Load() == 101 })
}

func TestQueuedRequestsMoveToTheNextActivation(t *testing.T) {
	g := newGated()
	m := startSolo(t, Config{Kinds: []Kind{g.kind()}})
	held := make(chan error, 1)
	go func() {
		_, err := m.Request(t.Context(), "Gated", "x", wrapperspb.String("hold and stop"))
		held <- err
	}()
	<-g.entered
	first := m.cache.get(grainKey{"Gated", "x"})
	began := time.Now()
	errs := g.queue(t, m, 20)
	close(g.release)
	for range 20 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if err := <-held; err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("took %v: callers waited for their timeout", took)
	}
	if now := m.cache.get(grainKey{"Gated", "x"}); now == nil || now.Id == first.Id {
		t.Error("no new activation replied")
	}
	if n := g.executed.Load(); n != 21 {
		t.Errorf("%d executions of 21 requests", n)
	}
}

func TestPanicKeepsQueuedRequests(t *testing.T) {
	m := startSolo(t, Config{Kinds: []Kind{echoKind}})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := m.Request(ctx, "Echo", "x", wrapperspb.String("panic")); !errors.Is(err, ErrOutcomeUnknown) {
		t.Error(err)
	}
	if got := call(t, m, "x", "still here"); got == "" {
		t.Error("no reply after a panic")
	}
}

func TestFencedMailboxBounces(t *testing.T) {
	var mu sync.Mutex
	var reasons []string
	m := startSolo(t, Config{Kinds: []Kind{echoKind}, OnFenced: func(r string) {
		mu.Lock()
		defer mu.Unlock()
		reasons = append(reasons, r)
	}})
	call(t, m, "x", "hello")
	pid := m.cache.get(grainKey{"Echo", "x"})
	m.fence("test")
	m.fence("again")
	<-m.Fenced()
	if _, err := m.Root().RequestFuture(
		pid, wrapperspb.String("zombie?"), time.Second,
	).Result(); !errors.Is(err, actor.ErrDeadLetter) {
		t.Errorf("request to a fenced member: %v, want a refusal", err)
	}
	if _, err := m.Request(t.Context(), "Echo", "x", wrapperspb.String("x")); !errors.Is(err, ErrUnreachable) ||
		!errors.Is(err, errFenced) {
		t.Error(err)
	}
	if m.Ready() {
		t.Error("fenced member is ready")
	}
	eventually(t, "OnFenced called", func() bool { mu.Lock(); defer mu.Unlock(); return len(reasons) > 0 })
	mu.Lock()
	defer mu.Unlock()
	if len(reasons) != 1 || reasons[0] != "test" {
		t.Errorf("OnFenced: %v", reasons)
	}
}

func TestFifo(t *testing.T) {
	var f fifo
	next, want := 0, 0
	for round := range 200 { // grows, wraps around, shrinks
		for range round % 37 {
			f.push(next)
			next++
		}
		for range min(f.n, (round*7)%41) {
			if got := f.pop(); got != want {
				t.Fatalf("got %v, want %d", got, want)
			}
			want++
		}
	}
	for f.n > 0 {
		if got := f.pop(); got != want {
			t.Fatalf("got %v, want %d", got, want)
		}
		want++
	}
	if want != next || len(f.ring) > fifoKeep {
		t.Errorf("%d of %d, ring of %d", want, next, len(f.ring))
	}
}

// tracked is an actor that ends on request.
type tracked struct{ asked []string }

func (a *tracked) Receive(ctx actor.Context) {
	if m, ok := ctx.Message().(*wrapperspb.StringValue); ok {
		a.asked = append(a.asked, m.Value)
		ctx.Respond(m)
		if m.Value == "stop" {
			ctx.Stop(ctx.Self())
		}
	}
}

// TestStoppedActorsLeaveMemory ends many activations and waits until the collector
// has freed all of their actors.
func TestStoppedActorsLeaveMemory(t *testing.T) {
	var alive atomic.Int32
	props := actor.PropsFromProducer(func() actor.Actor {
		a := &tracked{}
		alive.Add(1)
		runtime.AddCleanup(a, func(n *atomic.Int32) { n.Add(-1) }, &alive)
		return a
	})
	m := startSolo(t, Config{Kinds: []Kind{{Name: "Tracked", Props: props}}})
	const many = 200
	for _, text := range []string{"stay", "stop"} {
		for i := range many {
			if _, err := m.Request(t.Context(), "Tracked", fmt.Sprint(i), wrapperspb.String(text)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for end := time.Now().Add(10 * time.Second); alive.Load() > 0; runtime.GC() {
		if time.Now().After(end) {
			t.Fatalf("%d of %d actors are in memory", alive.Load(), many)
		}
	}
}
