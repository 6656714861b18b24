package cluster

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	pcluster "github.com/asynkron/protoactor-go/cluster"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

func TestCallErrors(t *testing.T) {
	// Two kinds that stop on request, but slowly: one before it is unregistered, one after.
	release := make(chan struct{})
	reached := make(chan struct{}, 2)
	stops := func(name string, at func(any) bool) Kind {
		return Kind{Name: name, Props: actor.PropsFromFunc(func(ctx actor.Context) {
			if _, ok := ctx.Message().(*wrapperspb.StringValue); ok {
				ctx.Respond(wrapperspb.String("stopping"))
				ctx.Stop(ctx.Self())
			} else if at(ctx.Message()) {
				reached <- struct{}{}
				<-release
			}
		})}
	}
	ending := stops("Ending", func(m any) bool { _, ok := m.(*actor.Stopping); return ok })
	ended := stops("Ended", func(m any) bool { _, ok := m.(*actor.Stopped); return ok })
	broken := Kind{Name: "Broken", Props: actor.PropsFromProducer(func() actor.Actor { panic("cannot be made") })}
	null := Kind{Name: "Null", Props: actor.PropsFromFunc(func(ctx actor.Context) {
		if _, ok := ctx.Message().(*wrapperspb.StringValue); ok {
			ctx.Respond(nil)
		}
	})}
	m := startSolo(t, Config{Kinds: []Kind{echoKind, ending, ended, broken, null}})

	short := func() (context.Context, context.CancelFunc) {
		return context.WithTimeout(t.Context(), 60*time.Millisecond)
	}
	patient := func() (context.Context, context.CancelFunc) { return context.WithCancel(t.Context()) }
	gone := func() (context.Context, context.CancelFunc) {
		ctx, cancel := patient()
		cancel()
		return ctx, cancel
	}
	for _, kind := range []string{"Ending", "Ended"} {
		if _, err := m.Request(t.Context(), kind, "x", wrapperspb.String("stop")); err != nil {
			t.Fatal(err)
		}
		<-reached
	}

	for _, c := range []struct {
		name, kind, text string
		ctx              func() (context.Context, context.CancelFunc)
		want, cause      error
	}{
		{"no answer in time", "Echo", "mute", short, ErrOutcomeUnknown, context.DeadlineExceeded},
		{"caller gone before", "Echo", "hello", gone, ErrUnreachable, context.Canceled},
		{"no such kind", "Nothing", "hello", patient, ErrUnreachable, errNoKind},
		{"actor cannot be made", "Broken", "hello", short, ErrUnreachable, context.DeadlineExceeded},
		{"queued at an activation that is stopping", "Ending", "hello", short, ErrOutcomeUnknown, context.DeadlineExceeded},
		{"predecessor not gone yet", "Ended", "hello", short, ErrUnreachable, context.DeadlineExceeded},
		{"nil reply", "Null", "hello", patient, ErrOutcomeUnknown, errNilReply},
	} {
		t.Run(c.name, func(t *testing.T) {
			began := time.Now()
			ctx, cancel := c.ctx()
			defer cancel()
			_, err := m.Request(ctx, c.kind, "x", wrapperspb.String(c.text))
			if !errors.Is(err, c.want) || !errors.Is(err, c.cause) {
				t.Errorf("got %v, want %v because of %v", err, c.want, c.cause)
			}
			for _, other := range []error{ErrUnreachable, ErrOverloaded, ErrOutcomeUnknown} {
				if !errors.Is(c.want, other) && errors.Is(err, other) {
					t.Errorf("%v must not also be %v", err, other)
				}
			}
			var ce *CallError
			if !errors.As(err, &ce) || ce.Kind != c.kind || ce.ID != "x" {
				t.Errorf("not a CallError with kind and id: %v", err)
			}
			if took := time.Since(began); took > time.Second {
				t.Errorf("call took %v", took)
			}
		})
	}
	close(release)
}

func TestCancelledCall(t *testing.T) {
	m := startSolo(t, Config{Kinds: []Kind{echoKind}})
	call(t, m, "x", "warm")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := m.Request(ctx, "Echo", "x", wrapperspb.String("mute"))
		done <- err
	}()
	eventually(t, "the call waits", func() bool { return m.replies.waiting() == 1 })
	cancel()
	if err := <-done; !errors.Is(err, ErrOutcomeUnknown) || !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if n := m.replies.waiting(); n != 0 {
		t.Errorf("%d calls still waiting, want none", n)
	}
}

// A late reply must never reach another call, although waiters are reused.
func TestLateRepliesAreDropped(t *testing.T) {
	late := Kind{Name: "Late", Props: actor.PropsFromFunc(func(ctx actor.Context) {
		if m, ok := ctx.Message().(*wrapperspb.StringValue); ok {
			from := ctx.Sender()
			root := ctx.ActorSystem().Root
			time.AfterFunc(time.Millisecond, func() {
				root.Send(from, m) // twice: only the first may count
				root.Send(from, wrapperspb.String("twice"))
			})
		}
	})}
	m := startSolo(t, Config{Kinds: []Kind{late}})
	var wg sync.WaitGroup
	for c := range 8 {
		wg.Go(func() {
			for i := range 300 {
				text := string(rune('a'+c)) + string(rune('0'+i%10))
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(500+i*5)*time.Microsecond)
				resp, err := m.Request(ctx, "Late", "x", wrapperspb.String(text))
				cancel()
				if err == nil && resp.(*wrapperspb.StringValue).Value != text {
					t.Errorf("sent %s, received %v", text, resp)
				}
			}
		})
	}
	wg.Wait()
}

// Calls through Proto.Actor's API follow the same rules.
func TestProtoActorRequest(t *testing.T) {
	m := startSolo(t, Config{Kinds: []Kind{echoKind}})
	c := pcluster.GetCluster(m.System())
	resp, err := c.Request("x", "Echo", wrapperspb.String("hi"), pcluster.WithTimeout(time.Second))
	if err != nil || resp.(*wrapperspb.StringValue).Value != "x:hi" {
		t.Errorf("%v, %v", resp, err)
	}
	f, err := c.RequestFuture("x", "Echo", wrapperspb.String("hi"), pcluster.WithTimeout(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := f.Result(); err != nil || resp.(*wrapperspb.StringValue).Value != "x:hi" {
		t.Errorf("%v, %v", resp, err)
	}
	if pid := c.Get("x", "Echo"); pid == nil {
		t.Error("no PID")
	}
}

func TestCacheForgetsEndedActivations(t *testing.T) {
	m := startSolo(t, Config{Kinds: []Kind{echoKind}})
	for i := range 100 {
		id := string(rune('a' + i%26))
		call(t, m, id, "stop")
	}
	eventually(t, "cache empty", func() bool { return m.cache.len() == 0 })
}

func TestConfigIsChecked(t *testing.T) {
	props := echoKind.Props
	for name, c := range map[string]Config{
		"kind with a dot":   {Kinds: []Kind{{Name: "a.b", Props: props}}},
		"kind with a slash": {Kinds: []Kind{{Name: "a/b", Props: props}}},
		"kind without name": {Kinds: []Kind{{Props: props}}},
		"kind twice":        {Kinds: []Kind{{Name: "a", Props: props}, {Name: "a", Props: props}}},
		"kind without how":  {Kinds: []Kind{{Name: "a"}}},
		"name with a slash": {Name: "a/b"},
		"port":              {Port: 70000},
		"short TTL":         {TTL: time.Millisecond},
		"negative grace":    {Grace: -1},
		"negative bound":    {MailboxBound: -1},
		"any address":       {Host: "0.0.0.0", Consul: "x:1", TLS: &TLSFiles{}},
		"name without port": {Host: "db.example", Consul: "x:1", TLS: &TLSFiles{}},
		"missing TLS files": {Host: "127.0.0.1", Consul: "x:1", TLS: &TLSFiles{CA: "/nowhere"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.Logger = silent()
			m, err := Start(t.Context(), c)
			if err == nil {
				_ = m.Stop(t.Context())
				t.Error("message accepted")
			}
		})
	}
}

func TestStartIsBoundedByItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := Start(ctx, Config{Consul: "127.0.0.1:1", Logger: silent()})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("call took %v", took)
	}
}

func (r *replies) waiting() (n int) {
	for i := range r.shards {
		s := &r.shards[i]
		s.mu.Lock()
		n += len(s.waiting)
		s.mu.Unlock()
	}
	return n
}

func TestPortInUseIsAnError(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = Start(t.Context(), Config{Port: l.Addr().(*net.TCPAddr).Port, Consul: "127.0.0.1:1", Logger: silent()})
	if err == nil || !strings.Contains(err.Error(), "in use") {
		t.Error(err)
	}
}

func TestLogsFailuresButNoBodies(t *testing.T) {
	var out syncBuffer
	m := startSolo(t, Config{Kinds: []Kind{echoKind}, Logger: slog.New(slog.NewTextHandler(&out, nil))})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := m.Request(ctx, "Echo", "x", wrapperspb.String("panic")); err == nil {
		t.Error("message was answered")
	}
	eventually(t, "the failure is logged", func() bool { return strings.Contains(out.String(), "asked to") })

	l := m.System().Logger()
	l.Info("chatter")
	l.Error("failed to serialize", "message", wrapperspb.String("secret body"))
	l.With("message", wrapperspb.String("secret body")).Error("again")
	text := out.String()
	if strings.Contains(text, "chatter") || strings.Contains(text, "secret body") ||
		!strings.Contains(text, "StringValue") {
		t.Error(text)
	}
}
