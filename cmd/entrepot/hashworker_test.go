package main

import (
	"bytes"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	"entrepot"
	"entrepot/http/api"

	"golang.org/x/crypto/bcrypt"
)

// asHashWorker makes this test binary the worker process.
const asHashWorker = "ENTREPOT_TEST_HASH_WORKER"

func TestMain(m *testing.M) {
	if os.Getenv(asHashWorker) != "" {
		if err := (*hashWorkerCommand)(nil).Run(); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func testHashWorker(t *testing.T) (*hashWorker, func() *os.Process) {
	t.Helper()
	w, err := newHashWorker(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	var last *exec.Cmd
	command := w.command
	w.command = func() *exec.Cmd {
		last = command()
		last.Env = append(os.Environ(), asHashWorker+"=1")
		return last
	}
	t.Cleanup(w.Close)
	return w, func() *os.Process { return last.Process }
}

// Passwords hashed apart are hashes like any other, made at a low priority, and
// those of many logins do not get mixed up.
func TestPasswordsAreHashedApart(t *testing.T) {
	t.Parallel()
	w, process := testHashWorker(t)
	p, err := api.NewPasswords(bcrypt.MinCost, w)
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
	if stat, err := os.ReadFile("/proc/" + strconv.Itoa(process().Pid) + "/stat"); err == nil {
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')'):]))
		if nice := fields[17]; nice != strconv.Itoa(hashNiceness) { // field 19 of proc(5), counted from the name
			t.Errorf("niceness %s", nice)
		}
	}
}

// A worker that dies fails the logins it had, with a reason to try again, and the
// next one finds a new worker. After Close there is none.
func TestAHashWorkerThatDiesIsReplaced(t *testing.T) {
	t.Parallel()
	w, process := testHashWorker(t)
	slow := make(chan error, 1)
	if _, err := w.Hash(t.Context(), []byte("secret"), bcrypt.MinCost); err != nil {
		t.Fatal(err)
	}
	go func() {
		_, err := w.Hash(t.Context(), []byte("secret"), 20) // minutes of work
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
	if _, err := w.Hash(t.Context(), []byte("secret"), bcrypt.MinCost); err != nil || process().Pid == first {
		t.Errorf("after its end: %v", err)
	}
	go func() {
		_, err := w.Hash(t.Context(), []byte("secret"), 20)
		slow <- err
	}()
	hashing()
	w.Close()
	w.Close()
	if err := <-slow; entrepot.CodeOf(err) != entrepot.CodeUnavailable {
		t.Errorf("a hash that was stopped: %v", err)
	}
	if _, err := w.Hash(t.Context(), []byte("secret"), bcrypt.MinCost); entrepot.CodeOf(err) != entrepot.CodeUnavailable {
		t.Errorf("after Close: %v", err)
	}
}
