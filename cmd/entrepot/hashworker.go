package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"sync"
	"syscall"

	"entrepot"
	"entrepot/http/api"
)

// Passwords are hashed in processes of their own with a low priority: a hash is a
// quarter of a second of nothing but computing, and guessed passwords by the
// hundred would take every second core from those who are logged in. In this
// process a low priority would not do: the collector would wait for the thread.
//
// There are two. The one that computes only while nobody else wants the processor
// does not move anybody's tail, but under full load it would never end; so a hash
// that waits for it too long is made by the other.

// hashNiceness leaves the hashes about a tenth of a core that others want, so a
// login still ends under full load.
const hashNiceness = 10

// hashJob is a line to the worker, hashDone its answer. Hash is empty to make one.
type hashJob struct {
	N      int64  `json:"n"`
	Cost   int    `json:"cost"`
	Hash   string `json:"hash,omitempty"`
	Secret []byte `json:"secret"`
}

type hashDone struct {
	N     int64  `json:"n"`
	Hash  string `json:"hash,omitempty"`
	Right bool   `json:"right,omitempty"`
	Err   string `json:"err,omitempty"`
}

var errGivenUp = entrepot.Unavailable("the login was given up")

type hashWorkerCommand struct {
	Idle bool `help:"Compute only while nobody else wants the processor."`
}

// Run answers the jobs of its parent until that closes the pipe, or has died.
func (c *hashWorkerCommand) Run() error {
	signal.Ignore(os.Interrupt, syscall.SIGTERM) // those are the parent's, which closes the pipe
	lowerPriority(c.Idle)
	return answerHashes(os.Stdin, os.Stdout)
}

// lowerPriority is of every thread so far; those to come inherit it.
func lowerPriority(idle bool) {
	tasks, _ := os.ReadDir("/proc/self/task") // elsewhere than on Linux the priority stays
	for _, t := range tasks {
		if id, err := strconv.Atoi(t.Name()); err == nil {
			_ = syscall.Setpriority(syscall.PRIO_PROCESS, id, hashNiceness) // a thread may have ended
			if idle {
				idlePriority(id)
			}
		}
	}
}

func answerHashes(in io.Reader, out io.Writer) error {
	jobs, answers := json.NewDecoder(bufio.NewReader(in)), json.NewEncoder(out)
	var mu sync.Mutex
	var running sync.WaitGroup
	defer running.Wait()
	for {
		var j hashJob
		if err := jobs.Decode(&j); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		running.Go(func() { // the parent bounds how many
			d := hashDone{N: j.N}
			var err error
			if j.Hash == "" {
				d.Hash, err = api.Bcrypt{}.Hash(context.Background(), j.Secret, j.Cost)
			} else {
				d.Right, err = api.Bcrypt{}.Check(context.Background(), j.Hash, j.Secret)
			}
			if err != nil {
				d.Err = err.Error()
			}
			mu.Lock()
			defer mu.Unlock()
			_ = answers.Encode(d) // a parent that is gone waits for nothing
		})
	}
}

// hashWorker is the worker as its parent sees it. It starts with the first job,
// and again with the next one after it has died.
type hashWorker struct {
	command func() *exec.Cmd
	log     *slog.Logger

	mu      sync.Mutex
	in      io.WriteCloser
	process *os.Process
	ended   chan struct{} // of the running one; nil: none
	n       int64
	waiting map[int64]chan hashDone
	closed  bool
}

func newHashWorker(log *slog.Logger, args ...string) (*hashWorker, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return &hashWorker{log: log, command: func() *exec.Cmd { return exec.Command(self, append([]string{"hash-worker"}, args...)...) }}, nil //nolint:gosec // its own binary, with arguments from here
}

func (w *hashWorker) do(ctx context.Context, j hashJob) (hashDone, error) {
	answer, ended, err := w.send(&j)
	if err != nil {
		w.log.Error("the process that hashes passwords", "error", err)
		return hashDone{}, entrepot.Unavailable("logins are not possible right now")
	}
	select {
	case d := <-answer:
		if d.Err != "" {
			return d, errors.New(d.Err)
		}
		return d, nil
	case <-ended:
		return hashDone{}, entrepot.Unavailable("logins were interrupted")
	case <-ctx.Done():
	}
	w.mu.Lock()
	delete(w.waiting, j.N)
	w.mu.Unlock()
	return hashDone{}, errGivenUp
}

func (w *hashWorker) send(j *hashJob) (answer <-chan hashDone, ended <-chan struct{}, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil, nil, errors.New("stopped")
	}
	if w.ended == nil {
		if err := w.start(); err != nil {
			return nil, nil, err
		}
	}
	w.n++
	j.N = w.n
	line, err := json.Marshal(j) //nolint:gosec // the secret is for that process alone, over a pipe
	if err != nil {
		return nil, nil, err
	}
	c := make(chan hashDone, 1)
	w.waiting[j.N] = c
	// A pipe holds far more than the few jobs that are under way at a time.
	if _, err := w.in.Write(append(line, '\n')); err != nil {
		delete(w.waiting, j.N)
		return nil, nil, err
	}
	return c, w.ended, nil
}

func (w *hashWorker) start() error {
	c := w.command()
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		return err
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	w.process, w.in, w.ended, w.waiting = c.Process, in, make(chan struct{}), map[int64]chan hashDone{}
	go w.read(c, out, w.waiting, w.ended)
	return nil
}

// read hands out answers until the worker ends.
func (w *hashWorker) read(c *exec.Cmd, out io.Reader, waiting map[int64]chan hashDone, ended chan struct{}) {
	answers := json.NewDecoder(bufio.NewReader(out))
	for {
		var d hashDone
		if err := answers.Decode(&d); err != nil {
			break
		}
		w.mu.Lock()
		if answer := waiting[d.N]; answer != nil {
			answer <- d // has room for it
			delete(waiting, d.N)
		}
		w.mu.Unlock()
	}
	w.mu.Lock()
	_ = w.in.Close()
	if !w.closed {
		w.log.Warn("the process that hashes passwords ended")
	}
	w.ended = nil
	w.mu.Unlock()
	_ = c.Process.Kill() // it may have said nonsense and live
	_ = c.Wait()         // said above
	close(ended)
}

// Close ends the worker, whatever it does, and waits for it. Twice is harmless.
func (w *hashWorker) Close() {
	w.mu.Lock()
	w.closed = true
	ended := w.ended
	if ended != nil {
		_ = w.process.Kill() // or it has ended
	}
	w.mu.Unlock()
	if ended != nil {
		<-ended
	}
}
