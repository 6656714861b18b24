package cluster

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	pcluster "github.com/asynkron/protoactor-go/cluster"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// echo replies with the message it receives, or with its own identity.
type echo struct{ id string }

func (e *echo) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *pcluster.ClusterInit:
		e.id = m.Identity.Identity
	case *wrapperspb.StringValue:
		switch m.Value {
		case "stop":
			ctx.Respond(wrapperspb.String("stopping"))
			ctx.Poison(ctx.Self())
		case "panic":
			panic("asked to")
		case "mute":
		default:
			ctx.Respond(wrapperspb.String(e.id + ":" + m.Value))
		}
	}
}

var echoKind = Kind{Name: "Echo", Props: actor.PropsFromProducer(func() actor.Actor { return &echo{} })}

func silent() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func startSolo(tb testing.TB, cfg Config) *Member {
	tb.Helper()
	if cfg.Logger == nil {
		cfg.Logger = silent()
	}
	m, err := Start(tb.Context(), cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := m.Stop(ctx); err != nil {
			tb.Error(err)
		}
	})
	return m
}

func call(tb testing.TB, m *Member, id, text string) string {
	tb.Helper()
	resp, err := m.Request(tb.Context(), "Echo", id, wrapperspb.String(text))
	if err != nil {
		tb.Fatal(err)
	}
	return resp.(*wrapperspb.StringValue).Value
}

func TestSoloStartRequestStop(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent()) // other tests' connections may still be closing
	began := time.Now()
	m, err := Start(t.Context(), Config{Kinds: []Kind{echoKind}, WaitKinds: []string{"Echo"}, Logger: silent()})
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	if !m.Ready() {
		t.Error("not ready after Start")
	}
	if got := call(t, m, "a", "hello"); got != "a:hello" {
		t.Errorf("answer %q", got)
	}
	t.Logf("ready after %v, first answer after %v", took, time.Since(began))
	if took > 500*time.Millisecond {
		t.Errorf("Start took %v", took)
	}
	if address, self := m.Owner("Echo", "a"); !self || address != m.Address() {
		t.Errorf("owner %s, self %v", address, self)
	}
	if ms := m.Members(); len(ms) != 1 || ms[0].ID != m.ID() || len(ms[0].Kinds) != 1 {
		t.Errorf("members %v", ms)
	}
	if err := m.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if err := m.Stop(t.Context()); err != nil {
		t.Error("second stop:", err)
	}
	if _, err := m.Request(t.Context(), "Echo", "a", wrapperspb.String("x")); !errors.Is(err, ErrUnreachable) {
		t.Errorf("request after Stop: %v", err)
	}
	if m.Ready() {
		t.Error("ready after Stop")
	}
}

func BenchmarkSoloRequest(b *testing.B) {
	for _, callers := range []int{1, 16, 64} {
		b.Run(strconv.Itoa(callers), func(b *testing.B) {
			m := startSolo(b, Config{Kinds: []Kind{echoKind}})
			ids := make([]string, 1024)
			for i := range ids {
				ids[i] = "grain-" + strconv.Itoa(i)
				call(b, m, ids[i], "warm")
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
						if _, err := m.Request(ctx, "Echo", ids[i%len(ids)], msg); err != nil {
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

// BenchmarkSoloActivate creates an activation per iteration, and reports the cost of an idle one.
func BenchmarkSoloActivate(b *testing.B) {
	m := startSolo(b, Config{Kinds: []Kind{echoKind}})
	ctx, cancel := context.WithTimeout(b.Context(), time.Hour)
	defer cancel()
	msg := wrapperspb.String("x")
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	b.ResetTimer()
	for i := range b.N {
		if _, err := m.Request(ctx, "Echo", strconv.Itoa(i), msg); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(b.N), "B/activation")
}
