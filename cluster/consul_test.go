package cluster

import (
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// agent is a Consul server for one test, on free ports, with its data in a temporary folder.
type agent struct {
	t       *testing.T
	binary  string
	dir     string
	ports   [3]int // http, serf, server
	cmd     *exec.Cmd
	Address string
}

// startAgent starts a server and waits for its leader.
func startAgent(t *testing.T) *agent {
	t.Helper()
	a := &agent{t: t, binary: consulBinary(t), dir: t.TempDir(), ports: freePorts(t)}
	a.Address = "127.0.0.1:" + strconv.Itoa(a.ports[0])
	a.start()
	t.Cleanup(a.kill)
	return a
}

func (a *agent) start() {
	a.t.Helper()
	a.cmd = exec.Command(a.binary, "agent", "-server", "-bootstrap-expect=1", "-node=test", "-log-level=err",
		"-data-dir="+filepath.Join(a.dir, "data"), "-bind=127.0.0.1", "-client=127.0.0.1",
		"-http-port="+strconv.Itoa(a.ports[0]), "-serf-lan-port="+strconv.Itoa(a.ports[1]),
		"-server-port="+strconv.Itoa(a.ports[2]), "-serf-wan-port=-1", "-dns-port=-1",
		"-hcl=performance { raft_multiplier = 1 }")
	a.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := a.cmd.Start(); err != nil {
		a.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(a.t.Context(), 30*time.Second)
	defer cancel()
	for !a.hasLeader(ctx) {
		if !sleep(ctx, 50*time.Millisecond) {
			a.t.Fatal("consul has no leader after 30 s")
		}
	}
}

func (a *agent) hasLeader(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(
		ctx, http.MethodGet, "http://"+a.Address+"/v1/health/service/consul?passing", nil,
	)
	if err != nil {
		a.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

func (a *agent) kill() {
	_ = a.cmd.Process.Kill()
	_ = a.cmd.Wait()
}

// forget removes the data of the server, which must not be running.
func (a *agent) forget() {
	if err := os.RemoveAll(filepath.Join(a.dir, "data")); err != nil {
		a.t.Fatal(err)
	}
}

// sharedAgent returns the server for scenarios that do not disturb Consul: CONSUL_ADDR if set, else one for all.
func sharedAgent(t *testing.T) string {
	t.Helper()
	if address := os.Getenv("CONSUL_ADDR"); address != "" {
		return address
	}
	return startAgent(t).Address
}

// consulBinary returns CONSUL_BIN, the binary fetched by scripts/stack, or the one on the PATH.
func consulBinary(t *testing.T) string {
	t.Helper()
	if path := findConsul(); path != "" {
		return path
	}
	t.Fatal("no consul binary: run `scripts/stack up consul`, or set CONSUL_BIN (or run with -short)")
	return ""
}

var findConsul = sync.OnceValue(func() string {
	if path := os.Getenv("CONSUL_BIN"); path != "" {
		return path
	}
	if cache, err := os.UserCacheDir(); err == nil {
		found := ""
		_ = filepath.WalkDir(filepath.Join(cache, "entrepot"), func(path string, d os.DirEntry, err error) error {
			if err != nil {
				return filepath.SkipDir
			}
			if strings.HasSuffix(path, "/bin/consul") && d.Type().IsRegular() {
				found = path
				return filepath.SkipAll
			}
			return nil
		})
		if found != "" {
			return found
		}
	}
	path, err := exec.LookPath("consul")
	if err != nil {
		return ""
	}
	return path
})

func freePorts(t *testing.T) (ports [3]int) {
	t.Helper()
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports
}
