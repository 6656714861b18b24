package main

import (
	"bytes"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"entrepot"
	"entrepot/http/api"

	"golang.org/x/crypto/bcrypt"
)

// asHashWorker makes this test binary the worker process.
const asHashWorker = "ENTREPOT_TEST_HASH_WORKER"

func TestMain(m *testing.M) {
	if os.Getenv(asHashWorker) != "" {
		if err := (&hashWorkerCommand{Idle: slices.Contains(os.Args, "--idle")}).Run(); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// inThisBinary lets the worker be this test binary, and answers its last process.
func inThisBinary(w *hashWorker) func() *os.Process {
	var last *exec.Cmd
	command := w.command
	w.command = func() *exec.Cmd {
		last = command()
		last.Env = append(os.Environ(), asHashWorker+"=1")
		return last
	}
	return func() *os.Process { return last.Process }
}

func testHashWorker(t *testing.T) (*hashWorker, func() *os.Process) {
	t.Helper()
	w, err := newHashWorker(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w, inThisBinary(w)
}

// testHasher has the processes of its idle worker and of its nice one.
func testHasher(t *testing.T) (h *hasher, idle, nice func() *os.Process) {
	t.Helper()
	h, err := newHasher(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h, inThisBinary(h.idle), inThisBinary(h.nice)
}

// procStat is a field of proc(5)'s stat, counted as there.
func procStat(t *testing.T, p *os.Process, field int) string {
	t.Helper()
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(p.Pid) + "/stat")
	if err != nil {
		t.Skip("no /proc here")
	}
	return strings.Fields(string(stat[bytes.LastIndexByte(stat, ')'):]))[field-2]
}

const (
	statNice   = 19
	statPolicy = 41
)

// Passwords hashed apart are hashes like any other, made at a low priority, and
// those of many logins do not get mixed up.
func TestPasswordsAreHashedApart(t *testing.T) {
	t.Parallel()
	h, idle, nice := testHasher(t)
	p, err := api.NewPasswords(bcrypt.MinCost, h)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			password := "password " + strconv.Itoa(i)
			hash, err := p.Hash(t.Context(), password)
			if err != nil {
				t.Error(err)
				return
			}
			for _, c := range []struct {
				hash, password string
				right          bool
			}{{hash, password, true}, {hash, password + "x", false}, {"", password, false}, {"no hash", password, false}} {
				if right, err := p.Check(t.Context(), c.hash, c.password); err != nil || right != c.right {
					t.Errorf("check of %q: %v, %v", c.password, right, err)
				}
			}
		})
	}
	wg.Wait()
	if _, err := h.nice.do(t.Context(), hashJob{Secret: []byte("secret"), Cost: bcrypt.MinCost}); err != nil {
		t.Fatal(err)
	}
	if is, want := procStat(t, idle(), statPolicy), "5"; is != want { // SCHED_IDLE of sched(7)
		t.Errorf("the idle worker's policy is %s", is)
	}
	if is, want := procStat(t, nice(), statNice), strconv.Itoa(hashNiceness); is != want {
		t.Errorf("the nice worker's niceness is %s", is)
	}
}

// A hash that the idle worker does not get to is made by the other; those after it
// do not wait, and what the idle one has not finished does not become more.
func TestAHashDoesNotWaitForAnIdleProcessor(t *testing.T) {
	t.Parallel()
	h, idle, _ := testHasher(t)
	unfinished := func() int {
		h.idle.mu.Lock()
		defer h.idle.mu.Unlock()
		return len(h.idle.waiting)
	}
	hash := func(want int) {
		t.Helper()
		if _, err := h.Hash(t.Context(), []byte("secret"), bcrypt.MinCost); err != nil {
			t.Error(err)
		}
		if n := unfinished(); n != want {
			t.Errorf("the idle worker has %d hashes, not %d", n, want)
		}
	}
	h.patience = time.Minute
	hash(0)
	if err := idle().Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	h.patience = time.Millisecond
	hash(1)
	hash(1) // the processor is known to be busy
	for n := range 2 * cap(h.room) {
		h.busyUntil.Store(0)
		hash(min(n+2, cap(h.room)))
	}
	if err := idle().Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	for range cap(h.room) { // each place is free again
		h.room <- struct{}{}
	}
}

// A worker that dies fails the logins it had, with a reason to try again, and the
// next one finds a new worker. After Close there is none.
func TestAHashWorkerThatDiesIsReplaced(t *testing.T) {
	t.Parallel()
	w, process := testHashWorker(t)
	slow := make(chan error, 1)
	if _, err := w.do(t.Context(), hashJob{Secret: []byte("secret"), Cost: bcrypt.MinCost}); err != nil {
		t.Fatal(err)
	}
	go func() {
		_, err := w.do(t.Context(), hashJob{Secret: []byte("secret"), Cost: 20}) // minutes of work
		slow <- err
	}()
	hashing := func() {
		for waiting := 0; waiting == 0; {
			w.mu.Lock()
			waiting = len(w.waiting)
			w.mu.Unlock()
		}
	}
	hashing()
	first := process().Pid
	if err := process().Kill(); err != nil {
		t.Fatal(err)
	}
	if err := <-slow; entrepot.CodeOf(err) != entrepot.CodeUnavailable {
		t.Errorf("a hash that was interrupted: %v", err)
	}
	if _, err := w.do(t.Context(), hashJob{Secret: []byte("secret"), Cost: bcrypt.MinCost}); err != nil || process().Pid == first {
		t.Errorf("after its end: %v", err)
	}
	go func() {
		_, err := w.do(t.Context(), hashJob{Secret: []byte("secret"), Cost: 20})
		slow <- err
	}()
	hashing()
	w.Close()
	w.Close()
	if err := <-slow; entrepot.CodeOf(err) != entrepot.CodeUnavailable {
		t.Errorf("a hash that was stopped: %v", err)
	}
	if _, err := w.do(t.Context(), hashJob{Secret: []byte("secret"), Cost: bcrypt.MinCost}); entrepot.CodeOf(err) != entrepot.CodeUnavailable {
		t.Errorf("after Close: %v", err)
	}
}
