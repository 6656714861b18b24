package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"entrepot/cmd/entrepot/services"
)

// logBuffer is what a process logged, at every level.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// embedded is a whole platform in this process, on files of its own.
type embedded struct {
	n   *node
	url string
	dir string
	log *logBuffer
}

func startEmbedded(t *testing.T, settings ...string) *embedded {
	t.Helper()
	e := &embedded{dir: t.TempDir(), log: &logBuffer{}}
	port := freePorts(t)
	environ := map[string]string{
		"DATA_DIR": e.dir, "BASE_PORT": fmt.Sprint(port), "SEED": "false", "BCRYPT_COST": "4", "ENTREPOT_INSECURE_TEST": "1",
	}
	for _, s := range settings {
		k, v, _ := strings.Cut(s, "=")
		environ[k] = v
	}
	cfg, err := loadConfig(environ)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(e.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if e.n, err = startNode(t.Context(), cfg, log); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.stop)
	e.url = fmt.Sprintf("http://127.0.0.1:%d", port)
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) { // its own readiness is the signal
		r, err := http.Get(e.url + "/ready")
		if err == nil {
			_ = r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return e
			}
		}
		if time.Now().After(end) {
			t.Fatalf("not ready: %v", err)
		}
	}
}

func (e *embedded) stop() { e.n.stop(context.Background()) }

// freePorts finds a base port whose services' ports are free now.
func freePorts(t *testing.T) int {
	t.Helper()
	for base := 21000 + os.Getpid()%1000*20; base < 60000; base += 20 {
		free := true
		for i := range services.Table {
			l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", base+services.Table[i].Port))
			if err != nil {
				free = false
				break
			}
			_ = l.Close()
		}
		if free {
			return base
		}
	}
	t.Fatal("no free ports")
	return 0
}

// call sends JSON and answers the body, which must have one of the statuses.
func (e *embedded) call(t *testing.T, token, method, path string, body any, statuses ...int) map[string]any {
	t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, e.url+path, bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range statuses {
		if response.StatusCode == s {
			var out map[string]any
			_ = json.Unmarshal(text, &out) // some answers have no body
			return out
		}
	}
	t.Fatalf("%s %s: %d %s", method, path, response.StatusCode, text)
	return nil
}

// TestSecretsAreNowhere is the canary: secrets that went through every route
// which takes or makes one are afterwards in no log line, event, audit row,
// database or other file, in plain text.
func TestSecretsAreNowhere(t *testing.T) {
	e := startEmbedded(t)
	const first, second, wrong = "canary-first-password-7f3a", "canary-second-password-9b1c", "canary-wrong-password-55d0"
	const email = "canary@demo.example"
	secrets := map[string]string{"a password": first, "the next password": second, "a wrong password": wrong}
	text := func(m map[string]any, key string) string { s, _ := m[key].(string); return s }
	keep := func(m map[string]any) string {
		token, refresh := text(m, "accessToken"), text(m, "refreshToken")
		if token == "" || refresh == "" {
			t.Fatalf("no tokens in %v", m)
		}
		secrets[fmt.Sprintf("token %d", len(secrets))] = token[strings.LastIndexByte(token, '.')+1:]
		secrets[fmt.Sprintf("refresh token %d", len(secrets))] = refresh[strings.LastIndexByte(refresh, '.')+1:]
		return token
	}
	e.call(t, "", "POST", "/api/auth/register", map[string]any{"email": email, "password": first, "name": "Canary"}, 201)
	e.call(t, "", "POST", "/api/auth/login", map[string]any{"email": email, "password": wrong}, 401)
	login := e.call(t, "", "POST", "/api/auth/login", map[string]any{"email": email, "password": first}, 200)
	token := keep(login)
	keep(e.call(t, "", "POST", "/api/auth/refresh-token", map[string]any{"refreshToken": login["refreshToken"]}, 200))
	e.call(t, token, "POST", "/api/auth/change-password", map[string]any{"currentPassword": first, "newPassword": second}, 204)
	token = keep(e.call(t, "", "POST", "/api/auth/login", map[string]any{"email": email, "password": second}, 200))
	secrets["the TOTP secret"] = text(e.call(t, token, "POST", "/api/auth/totp", map[string]any{"password": second}, 200, 201), "secret")
	e.call(t, "", "POST", "/api/auth/forgot-password", map[string]any{"email": email}, 202, 204)
	e.call(t, "canary-forged-token-1c2d3e4f", "GET", "/api/auth/profile", nil, 401)
	secrets["a forged token"] = "canary-forged-token-1c2d3e4f"
	e.call(t, "ek_65a1b2c3d4e5f60718293a4b_canaryapikey", "GET", "/api/orders", nil, 401)
	secrets["an API key"] = "canaryapikey"
	e.stop() // everything is on the disk

	for name, secret := range secrets {
		if len(secret) < 8 {
			t.Fatalf("%s was not made: %q", name, secret)
		}
		if strings.Contains(e.log.b.String(), secret) {
			t.Errorf("%s is in the log", name)
		}
	}
	files, met := 0, false
	err := filepath.WalkDir(e.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		met = met || bytes.Contains(b, []byte(email))
		for name, secret := range secrets {
			if bytes.Contains(b, []byte(secret)) {
				t.Errorf("%s is in %s", name, filepath.Base(path))
			}
		}
		return nil
	})
	if err != nil || files == 0 || !met {
		t.Fatalf("%d files, the address met: %v, %v", files, met, err)
	}
}

// TestSlowHeadersAreCut: a client that sends its headers a byte at a time keeps
// its connection no longer than the server's patience.
func TestSlowHeadersAreCut(t *testing.T) {
	e := startEmbedded(t)
	c, err := net.Dial("tcp", strings.TrimPrefix(e.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := io.WriteString(c, "GET /api/products HTTP/1.1\r\nHost: x\r\nX-Slow: "); err != nil {
		t.Fatal(err)
	}
	if err := c.SetReadDeadline(time.Now().Add(15 * time.Second)); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(c) // ends when the server closes
	if err != nil || (len(b) > 0 && !bytes.Contains(b, []byte("408"))) {
		t.Fatalf("after 15 s %q, %v", b, err)
	}
	t.Run("what inspects the process is not on a public port", func(t *testing.T) {
		for _, path := range []string{"/debug/pprof/", "/debug/vars", "/metrics", "/stats", "/api/debug/pprof/"} {
			e.call(t, "", "GET", path, nil, 404)
		}
	})
}

// TestExport: everything of the company, page by page, and nothing of another's;
// who may not see it exports nothing.
func TestExport(t *testing.T) {
	e := startEmbedded(t, "SEED=true")
	if err := e.n.seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(e.dir, "demo.json"))
	if err != nil {
		t.Fatal(err)
	}
	var d demo
	if err := json.Unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	token := func(role string) string {
		m := e.call(t, "", "POST", "/api/auth/login", map[string]any{"email": role + "@demo.example", "password": demoPassword}, 200)
		s, _ := m["accessToken"].(string)
		return s
	}
	var out bytes.Buffer
	lines, err := exportCompany(t.Context(), e.url+"/api", token("super_admin"), d.CompanyID, &out)
	if err != nil {
		t.Fatal(err)
	}
	kinds, last := map[string]int{}, ""
	for line := range strings.Lines(out.String()) {
		var l struct{ Kind string }
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		kinds[l.Kind]++
		last = l.Kind
	}
	const varied, variants = 3, 5 // that the demo has besides; one of them is sold out
	if last != "end" || kinds["company"] != 1 || kinds["shop"] != 2 || kinds["user"] != 3 || kinds["product"] != len(d.ProductIDs)+varied || kinds["stockItem"] != 2*(len(d.ProductIDs)+variants) {
		t.Fatalf("%d lines: %v", lines, kinds)
	}
	for _, secret := range []string{"passwordHash", "$2a$", "customer@demo.example", "super_admin@demo.example"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("the export holds %s", secret)
		}
	}
	for _, role := range []string{"shop_manager", "customer"} {
		if _, err := exportCompany(t.Context(), e.url+"/api", token(role), d.CompanyID, io.Discard); err == nil {
			t.Errorf("a %s exported the company", role)
		}
	}
}
