package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"entrepot/http/edge"
	"entrepot/test/check"
)

// platform is one installation under test.
type platform struct {
	members []*member
	keys    *edge.Keys
	open    func() (check.Source, error)
	logs    string
}

// binaries are built once a run, by their build tags.
var binaries struct {
	sync.Mutex
	dir  string
	made map[string]string
}

func TestMain(m *testing.M) {
	code := m.Run()
	if binaries.dir != "" {
		_ = os.RemoveAll(binaries.dir)
	}
	os.Exit(code)
}

// binary builds the program with build tags.
func binary(t *testing.T, tags string) string {
	t.Helper()
	binaries.Lock()
	defer binaries.Unlock()
	if binaries.made == nil {
		dir, err := os.MkdirTemp("", "entrepot-e2e-*")
		if err != nil {
			t.Fatal(err)
		}
		binaries.dir, binaries.made = dir, map[string]string{}
	}
	if file := binaries.made[tags]; file != "" {
		return file
	}
	file := filepath.Join(binaries.dir, "entrepot-"+strings.ReplaceAll(tags, ",", "-"))
	build := exec.Command("go", "build", "-tags", tags, "-o", file, "entrepot/cmd/entrepot")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	binaries.made[tags] = file
	return file
}

// options of a platform; zero values mean the defaults.
type options struct {
	tags  string        // build tags of the program
	ttl   time.Duration // CLUSTER_TTL and CLUSTER_GRACE, default 1 s each
	extra []string      // more settings
}

// services is the highest port above BASE_PORT.
const services = 10

// freePorts finds a base port whose range is free on all hosts. It is below the
// range that the system gives to clients.
func freePorts(t *testing.T, hosts ...string) int {
	t.Helper()
	free := func(base int) bool {
		for _, host := range hosts {
			for p := base; p <= base+services; p++ {
				l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(p)))
				if err != nil {
					return false
				}
				_ = l.Close()
			}
		}
		return true
	}
	for range 100 {
		if base := 20_000 + 20*rand.IntN(500); free(base) {
			return base
		}
	}
	t.Fatal("no free ports")
	return 0
}

// settings of a member, over as little of the caller's environment as possible.
func (o options) settings(dir, keys, host string, port int) []string {
	env := []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"),
		"DATA_DIR=" + dir, "JWT_KEYS_DIR=" + keys, "HOST=" + host, "BASE_PORT=" + strconv.Itoa(port), "CLUSTER_HOST=" + host,
		"SEED=false", "RATE_LIMIT=0", "TENANT_RATE_LIMIT=0", "BCRYPT_COST=4", "ENTREPOT_INSECURE_TEST=1", "LOG_LEVEL=debug",
	}
	return append(env, o.extra...)
}

// newPlatform makes the folders and keys that members share.
func newPlatform(t *testing.T) (*platform, string) {
	t.Helper()
	dir := t.TempDir()
	if keep := os.Getenv("E2E_DIR"); keep != "" { // to look into databases and logs afterwards
		dir = filepath.Join(keep, strings.ReplaceAll(t.Name(), "/", "_"))
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	keys, err := edge.OpenKeys(filepath.Join(dir, "keys"), edge.TokenOptions{TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	return &platform{keys: keys, logs: dir}, dir
}

// startEmbedded is one process on files of its own.
func startEmbedded(t *testing.T, o options) *platform {
	t.Helper()
	p, dir := newPlatform(t)
	port := freePorts(t, "127.0.0.1")
	data := filepath.Join(dir, "data")
	m := &member{
		name: "embedded", url: fmt.Sprintf("http://127.0.0.1:%d", port), bin: binary(t, o.tags),
		env: o.settings(data, filepath.Join(dir, "keys"), "127.0.0.1", port), log: filepath.Join(dir, "embedded.log"),
	}
	p.members = []*member{m}
	p.open = func() (check.Source, error) { return check.SQLite(data), nil }
	startMember(t, m)
	p.waitReady(t)
	return p
}

// waitReady fails the test unless every member serves soon.
func (p *platform) waitReady(t *testing.T) {
	t.Helper()
	for _, m := range p.members {
		if _, err := m.waitReady(t.Context(), 60*time.Second); err != nil {
			t.Fatalf("%v\n%s", err, tail(m.log))
		}
	}
}

// lost counts the compare-and-sets that members lost to another activation, and
// fencings: both are in the logs.
var lostLine = regexp.MustCompile(`(?m)msg="lost a compare-and-set"`)

func (p *platform) count(pattern *regexp.Regexp) (n int) {
	for _, m := range p.members {
		b, err := os.ReadFile(m.log)
		if err == nil {
			n += len(pattern.FindAllIndex(b, -1))
		}
	}
	return n
}

// settle waits until what may settle has, and tells every violation that is left.
// Each look reads the databases whole, so it pauses between two.
func (p *platform) settle(t *testing.T, h *check.History, limit time.Duration) ([]check.Violation, *check.World) {
	t.Helper()
	s, err := p.open()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	ctx, cancel := context.WithTimeout(context.Background(), limit+time.Minute)
	defer cancel()
	var w *check.World
	start, last := time.Now(), []check.Violation(nil)
	err = poll(ctx, limit, "all is quiet", func() bool {
		if w, err = check.Read(ctx, s); err != nil {
			t.Fatalf("read the databases: %v", err)
		}
		last = check.Check(w, nil)
		return check.Unsettled(last) == 0
	})
	t.Logf("quiet after %v (%v): %s", time.Since(start).Round(10*time.Millisecond), err, w.Summary())
	return check.Check(w, h), w
}
