package cluster

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is a member of a scenario.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stderr syncBuffer
	ID     string
	Took   time.Duration // of its start

	mu      sync.Mutex
	changed chan struct{} // closed at the next event
	events  []event
	members []string // of its last list
	exit    chan struct{}
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// launch starts a member and waits until it is ready.
func launch(t *testing.T, spec memberSpec) *process {
	t.Helper()
	text, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, changed: make(chan struct{}), exit: make(chan struct{})}
	p.cmd = exec.Command(os.Args[0])
	p.cmd.Env = append(os.Environ(), memberEnv+"="+string(text))
	p.cmd.Stderr = &p.stderr
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go p.read(out)
	t.Cleanup(p.cleanup)
	ready := p.await("ready", 30*time.Second)
	p.ID, p.Took = ready.ID, ready.Took
	return p
}

func (p *process) read(out io.Reader) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue
		}
		p.mu.Lock()
		p.events = append(p.events, e)
		if e.Event == "members" {
			p.members = e.Members
		}
		close(p.changed)
		p.changed = make(chan struct{})
		p.mu.Unlock()
	}
	_ = p.cmd.Wait()
	close(p.exit)
}

func (p *process) cleanup() {
	_ = p.cmd.Process.Kill()
	<-p.exit
	log := p.stderr.String()
	if strings.Contains(log, "DATA RACE") || strings.Contains(log, "panic:") {
		p.t.Errorf("member %s wrote:\n%s", p.ID, log)
	} else if p.t.Failed() {
		p.t.Logf("member %s wrote:\n%s", p.ID, log)
	}
}

// until waits for a condition on the member's events.
func (p *process) until(what string, limit time.Duration, ok func() bool) time.Duration {
	p.t.Helper()
	began := time.Now()
	deadline := time.After(limit)
	for {
		p.mu.Lock()
		done, changed := ok(), p.changed
		p.mu.Unlock()
		if done {
			return time.Since(began)
		}
		select {
		case <-changed:
		case <-deadline:
			p.t.Fatalf("member %s: not reached within %v: %s; its members: %v\n%s",
				p.ID, limit, what, p.members, p.stderr.String())
		}
	}
}

// await waits for an event and takes it.
func (p *process) await(name string, limit time.Duration) (found event) {
	p.t.Helper()
	p.until(name, limit, func() bool {
		i := slices.IndexFunc(p.events, func(e event) bool { return e.Event == name })
		if i < 0 {
			return false
		}
		found = p.events[i]
		p.events = slices.Delete(p.events, i, i+1)
		return true
	})
	return found
}

func (p *process) awaitMembers(limit time.Duration, of ...*process) time.Duration {
	p.t.Helper()
	var want []string
	for _, o := range of {
		want = append(want, o.ID)
	}
	slices.Sort(want)
	return p.until(fmt.Sprint("members ", want), limit, func() bool { return slices.Equal(p.members, want) })
}

func (p *process) tell(command string) {
	p.t.Helper()
	if _, err := io.WriteString(p.stdin, command+"\n"); err != nil {
		p.t.Fatal(err)
	}
}

func (p *process) report() event {
	p.t.Helper()
	p.tell("report")
	return p.await("report", 10*time.Second)
}

// reportAfter waits until the load has received that many answers.
func (p *process) reportAfter(answers int) event {
	p.t.Helper()
	for range 100 {
		if r := p.report(); r.OK >= answers {
			return r
		}
		sleep(p.t.Context(), 100*time.Millisecond)
	}
	p.t.Fatalf("fewer than %d answers in 10 s: %+v", answers, p.report())
	return event{}
}

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// exited waits for the end of the process and returns its code.
func (p *process) exited(limit time.Duration) int {
	p.t.Helper()
	select {
	case <-p.exit:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(limit):
		p.t.Fatalf("member %s has not exited within %v\n%s", p.ID, limit, p.stderr.String())
		return 0
	}
}

// trio starts three members on different addresses, waits until they see each other, and loads all of them.
func trio(t *testing.T, consul string, net int) (a, b, c *process) {
	t.Helper()
	name := fmt.Sprintf("test-%d-%d", os.Getpid(), net)
	var ps [3]*process
	var wg sync.WaitGroup
	for i := range ps {
		wg.Go(func() {
			ps[i] = launch(t, memberSpec{Name: name, Host: fmt.Sprintf("127.0.%d.%d", net, i+1), Consul: consul})
		})
	}
	wg.Wait()
	for _, p := range ps {
		if p == nil {
			t.FailNow()
		}
	}
	for _, p := range ps {
		p.awaitMembers(10*time.Second, ps[:]...)
		p.tell("load")
	}
	ps[0].settled()
	t.Logf("members started in %v, %v, %v",
		ps[0].Took.Round(time.Millisecond), ps[1].Took.Round(time.Millisecond), ps[2].Took.Round(time.Millisecond))
	return ps[0], ps[1], ps[2]
}

// settled waits until the load has reached every member, and resets its counters.
func (p *process) settled() {
	p.t.Helper()
	for range 100 {
		if r := p.report(); len(r.By) >= 3 {
			p.tell("mark")
			return
		}
		sleep(p.t.Context(), 50*time.Millisecond)
	}
	p.t.Fatal("the load does not reach every member")
}

func parallel(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts servers and processes: not in -short")
	}
	t.Parallel()
}

func (p *process) pause(d time.Duration) {
	p.t.Helper()
	p.signal(syscall.SIGSTOP)
	sleep(p.t.Context(), d)
	p.signal(syscall.SIGCONT)
}

// tellIfAlive is tell for a member that may just have exited.
func (p *process) tellIfAlive(command string) { _, _ = io.WriteString(p.stdin, command+"\n") }

func (p *process) saw(name string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.ContainsFunc(p.events, func(e event) bool { return e.Event == name })
}

// changes returns the number of membership lists since the first with three members.
func (p *process) changes() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	full := false
	for _, e := range p.events {
		if e.Event == "members" && full {
			n++
		}
		full = full || e.Event == "members" && len(e.Members) == 3
	}
	return n
}

// name returns the name of the cluster.
func (p *process) name() string {
	for _, v := range p.cmd.Env {
		if text, ok := strings.CutPrefix(v, memberEnv+"="); ok {
			var s memberSpec
			if err := json.Unmarshal([]byte(text), &s); err != nil {
				p.t.Fatal(err)
			}
			return s.Name
		}
	}
	return ""
}

// awaitAnswers waits until every grain has answered after since.
func (p *process) awaitAnswers(since time.Time) {
	p.t.Helper()
	for range 200 {
		p.tell("quiet")
		if e := p.await("quiet", 5*time.Second); e.Worst < 500*time.Millisecond {
			return
		}
		sleep(p.t.Context(), 100*time.Millisecond)
	}
	p.t.Fatalf("not every grain has answered since %v", since)
}
