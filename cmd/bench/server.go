package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// server is the built binary as a child process on ports of its own.
type server struct {
	binary string
	dir    string // its data
	base   int    // its BASE_PORT
	env    []string
	cmd    *exec.Cmd
	log    *os.File
}

// lookInto is where the server shows its counters and profiles, above BASE_PORT.
const lookInto = 20

// newServer prepares a server that keeps its data in dir.
func newServer(binary, dir string, settings ...string) (*server, error) {
	base, err := freePorts()
	if err != nil {
		return nil, err
	}
	s := &server{binary: binary, dir: dir, base: base}
	s.env = append(os.Environ(),
		"DATA_DIR="+dir, "BASE_PORT="+strconv.Itoa(base), "HOST=127.0.0.1", "BENCH=true",
		"RATE_LIMIT=0", "TENANT_RATE_LIMIT=0", "MAX_IN_FLIGHT=1024", "LOG_LEVEL=warn", "JWT_TTL=2h", "GRAIN_IDLE=1h")
	s.env = append(s.env, settings...)
	return s, nil
}

// freePorts finds a base whose ports are all free now, below those that the
// system gives away.
func freePorts() (int, error) {
	for base := 20_000 + os.Getpid()%5_000; base < 32_000; base += lookInto + 1 {
		free := true
		for p := base; p <= base+lookInto && free; p++ {
			l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(p))
			if free = err == nil; free {
				_ = l.Close()
			}
		}
		if free {
			return base, nil
		}
	}
	return 0, errors.New("no free ports")
}

func (s *server) address() string { return "127.0.0.1:" + strconv.Itoa(s.base) }

// start runs the binary and waits for its first answer from a database, which
// took so long.
func (s *server) start() (time.Duration, error) {
	var err error
	if s.log, err = os.OpenFile(filepath.Join(s.dir, "server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
		return 0, err
	}
	s.cmd = exec.Command(s.binary, "serve")
	s.cmd.Env, s.cmd.Stdout, s.cmd.Stderr = s.env, s.log, s.log
	begin := time.Now()
	if err := s.cmd.Start(); err != nil {
		return 0, err
	}
	for time.Since(begin) < time.Minute {
		if c, err := dial(s.address()); err == nil {
			err = c.send("GET /api/products?limit=1", "", nil, http.StatusOK)
			c.close()
			if err == nil {
				return time.Since(begin), nil
			}
		}
		time.Sleep(2 * time.Millisecond)
	}
	return 0, errors.New("the server does not answer: see " + s.log.Name())
}

// run executes another command of the binary with the server's settings.
func (s *server) run(args ...string) error {
	c := exec.Command(s.binary, args...)
	c.Env = s.env
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("entrepot %v: %w: %s", args, err, out)
	}
	return nil
}

// stop ends the server in order and says what it logged.
func (s *server) stop() error {
	if s.cmd == nil || s.cmd.Process == nil {
		return nil
	}
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	ended := make(chan error, 1)
	go func() { ended <- s.cmd.Wait() }()
	var err error
	select {
	case err = <-ended:
	case <-time.After(40 * time.Second):
		_ = s.cmd.Process.Kill()
		err = errors.Join(errors.New("the server did not stop in 40 s"), <-ended)
	}
	s.cmd = nil
	_ = s.log.Close()
	return err
}

// cpu is the processor time that the server has used, of all its threads.
func (s *server) cpu() time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	return cpuOf(b)
}

// cpuOf is the CPU time, user and system, in a /proc/PID/stat.
func cpuOf(stat []byte) time.Duration {
	f := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	user, _ := strconv.ParseInt(f[11], 10, 64)
	system, _ := strconv.ParseInt(f[12], 10, 64)
	return time.Duration(user+system) * (time.Second / 100) // USER_HZ is 100 on every Linux of today
}

// databaseCPU is the CPU time of the processes that scripts/stack keeps documents with.
func databaseCPU() (total time.Duration) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range stats {
		b, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		if arg, _ := os.ReadFile(filepath.Join(filepath.Dir(name), "cmdline")); isDatabase.Match(arg) {
			total += cpuOf(b)
		}
	}
	return total
}

var isDatabase = regexp.MustCompile(`^[^\x00]*(postgres|ferretdb)`)

// rss is the server's resident memory in bytes.
func (s *server) rss() int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	pages, _ := strconv.ParseInt(strings.Fields(string(b))[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

// stats is what the server tells about itself with BENCH=true.
type stats struct {
	Databases map[string]struct{ Batches, Writes, Rows int64 }
	Grains    map[string]int
	Queues    []struct {
		Name           string
		Ready, Unacked int64
	}
	HeapBytes int64
}

func (s *server) stats(query string) (*stats, error) {
	r, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/stats%s", s.base+lookInto, query))
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Body.Close() }()
	if r.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(r.Body)
		return nil, fmt.Errorf("stats: %s", text)
	}
	out := &stats{}
	return out, json.NewDecoder(r.Body).Decode(out)
}

// writes counts the grains' writes of all databases.
func (s *stats) writes() (batches, writes int64) {
	for _, d := range s.Databases {
		batches += d.Batches
		writes += d.Writes
	}
	return batches, writes
}

// all counts what all databases were given: the grains' writes and the consumers' rows.
func (s *stats) all() (n int64) {
	for _, d := range s.Databases {
		n += d.Writes + d.Rows
	}
	return n
}

// byDatabase tells the writes of each database since before, an operation.
func (s *stats) byDatabase(before *stats, ops int64) string {
	var parts []string
	for name, d := range s.Databases {
		if n := d.Writes - before.Databases[name].Writes; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %.2f", name, float64(n)/float64(ops)))
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

// backlog is what the consumers have before them, and what they gave up on.
func (s *stats) backlog() (waiting, dead int64) {
	for _, q := range s.Queues {
		switch {
		case strings.HasSuffix(q.Name, ".dead"):
			dead += q.Ready
		case q.Name != "unrouted":
			waiting += q.Ready + q.Unacked
		}
	}
	return waiting, dead
}

// drain waits until no consumer has anything before it and no grain writes any
// more, and says how long that took.
func (s *server) drain() (time.Duration, error) {
	begin := time.Now()
	var last int64 = -1
	var empty time.Duration
	for quiet := 0; time.Since(begin) < time.Minute; time.Sleep(50 * time.Millisecond) {
		now, err := s.stats("")
		if err != nil {
			return 0, err
		}
		waiting, dead := now.backlog()
		if dead > 0 {
			return 0, fmt.Errorf("%d dead letters", dead)
		}
		_, writes := now.writes()
		if waiting > 0 || writes != last {
			quiet, last = 0, writes
			continue
		}
		if quiet++; quiet == 1 {
			empty = time.Since(begin)
		}
		if quiet == 3 {
			return empty, nil
		}
	}
	return 0, errors.New("the consumers' backlog is not drained after a minute")
}
