package cluster

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func devCerts(t *testing.T, hosts ...string) *TLSFiles {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tls")
	if err := DevCerts(dir, hosts); err != nil {
		t.Fatal(err)
	}
	return &TLSFiles{CA: filepath.Join(dir, DevCA), Cert: filepath.Join(dir, DevCert), Key: filepath.Join(dir, DevCertKey)}
}

func TestDevCertsAreSafe(t *testing.T) {
	files := devCerts(t, "127.0.0.1", "member.example")
	dir := filepath.Dir(files.CA)
	for _, key := range []string{DevCAKey, DevCertKey} {
		info, err := os.Stat(filepath.Join(dir, key))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", key, info.Mode())
		}
	}
	if err := DevCerts(dir, []string{"x"}); err == nil {
		t.Error("existing files were replaced")
	}
	if err := DevCerts(t.TempDir(), nil); err == nil {
		t.Error("an empty list of hosts was accepted")
	}
}

func TestNoTLSOnlyOnLoopback(t *testing.T) {
	_, err := Start(t.Context(), Config{Host: "192.0.2.1", Consul: "127.0.0.1:1", Logger: silent()})
	if err == nil || !strings.Contains(err.Error(), "TLS") {
		t.Error(err)
	}
}

// eventually polls a condition without a signal, for up to 5 s.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	for !ok() {
		if !sleep(ctx, 5*time.Millisecond) {
			t.Fatal("not reached: " + what)
		}
	}
}
