// Package e2e runs the built program as processes, kills and pauses them under
// load, and holds what is left against the invariants (package check). Embedded it
// is one process on SQLite; on the stack three members on 127.0.0.1 to 127.0.0.3
// share RabbitMQ, Consul and the database.
package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// member is one process of the platform under a supervisor that starts it again
// whenever it ends: after kill -9, and after it was fenced.
type member struct {
	name, url string // url of its gateway
	bin       string
	env       []string
	log       string

	mu       sync.Mutex
	cmd      *exec.Cmd
	stopping bool
	starts   int
	ended    chan struct{} // the supervisor has gone
	exited   chan struct{} // the present process has ended

	paused atomic.Bool
}

// restartAfter is the supervisor's pause, as an orchestrator would make.
const restartAfter = 200 * time.Millisecond

// startMember starts the process and its supervisor; the test's end stops both.
func startMember(t *testing.T, m *member) {
	t.Helper()
	m.ended = make(chan struct{})
	first := make(chan error, 1)
	go m.supervise(first)
	if err := <-first; err != nil {
		t.Fatalf("%s: %v", m.name, err)
	}
	t.Cleanup(func() {
		m.stop()
		if t.Failed() {
			t.Logf("end of %s's log:\n%s", m.name, tail(m.log))
		}
	})
}

// supervise keeps its thread: the child is told to die with the thread that made it,
// so that nothing outlives a test that is killed.
func (m *member) supervise(first chan<- error) {
	runtime.LockOSThread()
	defer close(m.ended)
	for {
		cmd, err := m.launch()
		if first != nil {
			first <- err
			first = nil
		}
		if err != nil {
			return
		}
		state := cmd.Wait()
		m.mu.Lock()
		close(m.exited)
		m.cmd = nil
		stopping := m.stopping
		m.mu.Unlock()
		m.note(fmt.Sprintf("ended: %v", state))
		if stopping {
			return
		}
		time.Sleep(restartAfter)
	}
}

func (m *member) launch() (*exec.Cmd, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stopping {
		return nil, fmt.Errorf("stopped")
	}
	out, err := os.OpenFile(m.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = out.Close() }() // the child has its own
	cmd := exec.Command(m.bin, "serve")
	cmd.Env, cmd.Dir = m.env, filepath.Dir(m.log)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	m.cmd, m.exited = cmd, make(chan struct{})
	m.starts++
	return cmd, nil
}

// note writes a line of the test's own into the member's log.
func (m *member) note(text string) {
	f, err := os.OpenFile(m.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err == nil {
		fmt.Fprintf(f, "--- %s %s %s\n", time.Now().Format("15:04:05.000"), m.name, text)
		_ = f.Close()
	}
}

// signal sends to the whole process group; false when there is no process now.
// The channel closes when that process has ended.
func (m *member) signal(s syscall.Signal) (<-chan struct{}, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.cmd == nil {
		return nil, false
	}
	m.note("gets " + s.String())
	return m.exited, syscall.Kill(-m.cmd.Process.Pid, s) == nil
}

// kill is kill -9, and waits for the end. The supervisor starts it again.
func (m *member) kill() {
	if exited, ok := m.signal(syscall.SIGKILL); ok {
		<-exited
	}
}

// stop ends the process in good order, or else by force, and the supervisor.
func (m *member) stop() {
	m.mu.Lock()
	m.stopping = true
	m.mu.Unlock()
	m.signal(syscall.SIGCONT)
	m.signal(syscall.SIGTERM)
	select {
	case <-m.ended:
	case <-time.After(15 * time.Second):
		m.signal(syscall.SIGKILL)
		<-m.ended
	}
}

func (m *member) restarts() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.starts - 1
}

var probe = &http.Client{Timeout: time.Second}

// ready asks the gateway whether it can serve.
func (m *member) ready(ctx context.Context) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, m.url+"/ready", nil)
	if err != nil {
		return false
	}
	response, err := probe.Do(r)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// waitReady polls until the member can serve, and tells how long that took.
func (m *member) waitReady(ctx context.Context, limit time.Duration) (time.Duration, error) {
	start := time.Now()
	err := poll(ctx, limit, m.name+" is ready", func() bool { return m.ready(ctx) })
	return time.Since(start), err
}

// poll asks every 20 ms until it is so, or fails after the limit.
func poll(ctx context.Context, limit time.Duration, what string, so func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	t := time.NewTicker(20 * time.Millisecond)
	defer t.Stop()
	for !so() {
		select {
		case <-t.C:
		case <-ctx.Done():
			return fmt.Errorf("waited %v until %s", limit, what)
		}
	}
	return nil
}

// tail is the end of a log, without the requests that went well.
func tail(file string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	var lines []string
	for line := range strings.Lines(string(b)) {
		if !strings.Contains(line, "level=DEBUG msg=request") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines[max(0, len(lines)-30):], "")
}
