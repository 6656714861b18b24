package cluster

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// The members of the scenarios are child processes of this test binary with memberEnv set. A member writes events
// to its standard output and reads commands, one per line.

const memberEnv = "ENTREPOT_CLUSTER_TEST_MEMBER"

func TestMain(m *testing.M) {
	if spec := os.Getenv(memberEnv); spec != "" {
		os.Exit(memberMain(spec))
	}
	os.Exit(m.Run())
}

// memberSpec is the value of memberEnv.
type memberSpec struct {
	Name, Host, Consul string
	Idle               bool // hosts no kind
	TLS                *TLSFiles
}

// event is a line of a member's output.
type event struct {
	Event   string // ready, members, report, fenced, stopped
	ID      string
	Address string
	Took    time.Duration
	Members []string
	Reason  string
	// of report
	OK, Failed int
	Errors     map[string]int
	Worst      time.Duration // longest time without an answer from one grain
	By         map[string]int
	// of fenced
	AfterPause int // requests executed after a pause of more than 3 s
}

// worker is a member under test.
type worker struct {
	m      *Member
	out    sync.Mutex
	served served
	load   load
}

func memberMain(spec string) int {
	var s memberSpec
	if err := json.Unmarshal([]byte(spec), &s); err != nil {
		panic(err)
	}
	w := &worker{}
	w.served.watch()
	gone := make(chan string, 1)
	cfg := Config{
		Name: s.Name, Host: s.Host, Consul: s.Consul, TLS: s.TLS, WaitKinds: []string{"Who"},
		Logger:   slog.New(slog.NewTextHandler(os.Stderr, nil)),
		OnFenced: func(reason string) { gone <- reason },
	}
	if !s.Idle {
		cfg.Kinds = []Kind{w.kind()}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	began := time.Now()
	m, err := Start(ctx, cfg)
	if err == nil {
		err = m.WaitReady(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	w.m = m
	w.emit(event{Event: "ready", Took: time.Since(began)})
	go w.followMembers()
	go w.commands()
	term := make(chan os.Signal, 1)
	signal.Notify(term, syscall.SIGTERM)
	select {
	case reason := <-gone:
		w.emit(event{Event: "fenced", Reason: reason, AfterPause: w.served.afterPause()})
		return 3
	case <-term:
	}
	w.load.stop()
	began = time.Now()
	stop, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := m.Stop(stop); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	w.emit(event{Event: "stopped", Took: time.Since(began)})
	return 0
}

func (w *worker) emit(e event) {
	w.out.Lock()
	defer w.out.Unlock()
	e.ID, e.Address = w.m.ID(), w.m.Address()
	line, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(line))
}

func (w *worker) followMembers() {
	for {
		v := w.m.lookup.view()
		var ids []string
		for _, m := range v.members {
			ids = append(ids, m.ID)
		}
		w.emit(event{Event: "members", Members: ids})
		<-v.changed
	}
}

func (w *worker) commands() {
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		switch in.Text() {
		case "load":
			w.load.start(w.m)
		case "mark":
			w.load.reset()
		case "report":
			w.emit(w.load.report())
		case "quiet":
			w.emit(w.load.quiet())
		}
	}
}

// kind returns a kind whose grains reply with the id of their member.
func (w *worker) kind() Kind {
	return Kind{Name: "Who", Props: actor.PropsFromFunc(func(ctx actor.Context) {
		if _, ok := ctx.Message().(*wrapperspb.StringValue); ok {
			w.served.note()
			ctx.Respond(wrapperspb.String(ctx.ActorSystem().ID))
		}
	})}
}

// served records when requests were executed and when this process was paused.
type served struct {
	mu    sync.Mutex
	awake time.Time // last moment known before a pause of more than 3 s
	times []time.Time
}

func (s *served) watch() {
	go func() {
		last := time.Now()
		for range time.Tick(50 * time.Millisecond) {
			now := time.Now()
			if now.Sub(last) > 3*time.Second {
				s.mu.Lock()
				s.awake = last
				s.mu.Unlock()
			}
			last = now
		}
	}()
}

func (s *served) note() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.times = append(s.times, time.Now())
}

func (s *served) afterPause() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.awake.IsZero() {
		return 0
	}
	for _, t := range s.times {
		if t.After(s.awake.Add(time.Second)) {
			n++
		}
	}
	return n
}

// load calls 30 grains, each 20 times a second with one call at a time.
type load struct {
	mu     sync.Mutex
	last   map[string]time.Time // an answer from each grain
	worst  time.Duration
	ok     int
	errors map[string]int
	by     map[string]int
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

func (l *load) start(m *Member) {
	l.reset()
	ctx, cancel := context.WithCancel(context.Background())
	l.mu.Lock()
	l.cancel = cancel
	l.mu.Unlock()
	for g := range 30 {
		l.wg.Go(func() {
			id := fmt.Sprint("grain", g)
			for sleep(ctx, 50*time.Millisecond) {
				call, cancel := context.WithTimeout(context.Background(), 2*time.Second)
				resp, err := m.Request(call, "Who", id, wrapperspb.String("?"))
				cancel()
				l.note(id, resp, err)
			}
		})
	}
}

func (l *load) stop() {
	l.mu.Lock()
	cancel := l.cancel
	l.mu.Unlock()
	if cancel != nil {
		cancel()
		l.wg.Wait()
	}
}

func (l *load) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.last = map[string]time.Time{}
	for g := range 30 {
		l.last[fmt.Sprint("grain", g)] = now
	}
	l.worst, l.ok, l.errors, l.by = 0, 0, map[string]int{}, map[string]int{}
}

func (l *load) note(id string, resp any, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		for _, known := range []error{ErrUnreachable, ErrOverloaded, ErrOutcomeUnknown} {
			if errors.Is(err, known) {
				_, cause, _ := strings.Cut(err.Error(), "\n")
				l.errors[known.Error()+": "+cause]++
			}
		}
		return
	}
	now := time.Now()
	l.worst = max(l.worst, now.Sub(l.last[id]))
	l.last[id] = now
	l.ok++
	l.by[resp.(*wrapperspb.StringValue).Value]++
}

func (l *load) report() event {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := event{Event: "report", OK: l.ok, Errors: maps.Clone(l.errors), By: maps.Clone(l.by), Worst: l.worst}
	for _, n := range l.errors {
		e.Failed += n
	}
	for _, t := range l.last { // an outage that has not ended yet
		e.Worst = max(e.Worst, time.Since(t))
	}
	return e
}

// quiet returns the longest time for which a grain has not replied.
func (l *load) quiet() event {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := event{Event: "quiet"}
	for _, t := range l.last {
		e.Worst = max(e.Worst, time.Since(t))
	}
	return e
}
